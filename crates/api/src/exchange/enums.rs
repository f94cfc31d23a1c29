//! The words of the rooms' refusals, for rows that no answer will ever carry.

use inventory::{catalog::core::Problem, stock::core::Rejection};
use platform::clock;
use services::exchange::RefusalText;

use crate::{
    catalog::user_error,
    graphql::refusal::{InputError, UserError},
};

/// Says refusals in the words that answers have.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wording;

fn word(code: crate::graphql::refusal::ErrorCode) -> String {
    async_graphql::resolver_utils::enum_value(code).to_string()
}

impl RefusalText for Wording {
    fn of_catalogue(&self, problem: &Problem) -> (String, String, String) {
        match user_error(problem, &[], None) {
            UserError::InputError(InputError { code, message, .. }) => (word(code), problem.at.join("."), message),
            UserError::VersionConflict(conflict) => (word(conflict.code), problem.at.join("."), conflict.message),
            UserError::InsufficientStock(short) => (word(short.code), problem.at.join("."), short.message),
        }
    }

    fn of_stock(&self, rejection: &Rejection) -> (String, String, String) {
        let (code, message, field) = match rejection {
            Rejection::NotFound { what, field } => ("NOT_FOUND", format!("there is no such {what}"), Some(field)),
            Rejection::Invalid { message, field } => ("INVALID", message.clone(), Some(field)),
            Rejection::OutOfRange { message, field } => ("OUT_OF_RANGE", message.clone(), Some(field)),
            Rejection::TooLong { message, field } => ("TOO_LONG", message.clone(), Some(field)),
            Rejection::InvalidState { message, field } => ("INVALID_STATE", message.clone(), Some(field)),
            Rejection::Duplicate { message, field } => ("DUPLICATE", message.clone(), Some(field)),
            Rejection::LimitExceeded { message, field } => ("LIMIT_EXCEEDED", message.clone(), Some(field)),
            Rejection::PeriodClosed { through, field } => {
                ("PERIOD_CLOSED", format!("the books are closed through {}", clock::day_text(*through)), Some(field))
            }
            Rejection::KeyReused => ("IDEMPOTENCY_KEY_REUSED", "this key was used before with another input".to_owned(), None),
            Rejection::VersionConflict { level, field, .. } => {
                ("VERSION_CONFLICT", format!("the level has changed: its version is {}", level.version), Some(field))
            }
            Rejection::StaleDocument { what, actual, field, .. } => {
                ("VERSION_CONFLICT", format!("the {what} has changed: its version is {actual}"), Some(field))
            }
            Rejection::LotShort { what, requested, field, .. } => {
                ("INSUFFICIENT_STOCK", format!("{requested} of {what} asked for, and there is not so much"), Some(field))
            }
            // Whoever may set stock need not be one who may see it: how much there is, is not said.
            Rejection::Insufficient { level, requested, field, .. } => (
                "INSUFFICIENT_STOCK",
                format!("{requested} of {} asked for, and there is not so much", level.facts.sku),
                Some(field),
            ),
        };
        (code.to_owned(), field.map(|field| field.join(".")).unwrap_or_default(), message)
    }
}
