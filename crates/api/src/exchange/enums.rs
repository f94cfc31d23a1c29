//! The texts of the rooms' refusals, for rows of files.

use inventory::{catalog::core::Problem, stock::core::Reason};
use services::exchange::RefusalText;

use crate::{
    catalog::user_error,
    graphql::refusal::{InputError, UserError},
    stock,
};

/// Phrases refusals in the same words as the API's answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct RefusalMessages;

fn code_name(code: crate::graphql::refusal::ErrorCode) -> String {
    async_graphql::resolver_utils::enum_value(code).to_string()
}

impl RefusalText for RefusalMessages {
    fn catalogue_text(&self, problem: &Problem) -> (String, String, String) {
        match user_error(problem, &[], None) {
            UserError::InputError(InputError { code, message, .. }) => (code_name(code), problem.at.join("."), message),
            UserError::VersionConflict(conflict) => (code_name(conflict.code), problem.at.join("."), conflict.message),
            UserError::InsufficientStock(short) => (code_name(short.code), problem.at.join("."), short.message),
            UserError::InUse(used) => (code_name(used.code), problem.at.join("."), used.message),
        }
    }

    // The right to set stock does not include that to see it, so the text has no quantities.
    fn stock_text(&self, reason: &Reason) -> (String, String) {
        let (code, message) = stock::describe_reason(reason);
        (code_name(code), message)
    }
}
