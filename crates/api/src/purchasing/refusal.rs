//! How the refusals of purchasing's own shells meet GraphQL: once, here. Those of the ledger meet it in the stock room.

use inventory::purchasing::{
    core::{MAX_BREAKS, MAX_LEAD_TIME_DAYS, PolicyProblem, SupplyProblem},
    shell::{MailRefusal, PolicyRefusal, PolicyWhat},
};
use platform::path;

use crate::graphql::refusal::{ErrorCode, UserError};

pub(super) fn supply_refused(problem: SupplyProblem, row: usize) -> UserError {
    let at = |name: &str| path!["input", "rows", row, name];
    let new = UserError::new;
    match problem {
        SupplyProblem::NoSupplier => UserError::not_found("supplier", at("supplier")),
        SupplyProblem::NoProduct => UserError::not_found("product", at("product")),
        SupplyProblem::Sku => new(ErrorCode::Invalid, "1 to 64 characters are expected", at("supplierSku")),
        SupplyProblem::PackSize => new(ErrorCode::OutOfRange, "a pack of 1 or more is expected", at("packSize")),
        SupplyProblem::MinimumOrder => new(ErrorCode::OutOfRange, "a quantity of 0 or more is expected", at("minimumOrder")),
        SupplyProblem::LeadTime => {
            UserError::new(ErrorCode::OutOfRange, format!("0 to {MAX_LEAD_TIME_DAYS} days are expected"), at("leadTimeDays"))
        }
        SupplyProblem::Cost => new(ErrorCode::OutOfRange, "a cost of 0 or more is expected", at("unitCost")),
        SupplyProblem::TooManyBreaks => {
            UserError::new(ErrorCode::LimitExceeded, format!("at most {MAX_BREAKS} price breaks are kept"), at("priceBreaks"))
        }
        SupplyProblem::Breaks => {
            let message = "ascending quantities above 0 and costs of 0 or more in the row's currency are expected";
            new(ErrorCode::Invalid, message, at("priceBreaks"))
        }
        SupplyProblem::Twice => new(ErrorCode::Duplicate, "this supplier and product stand in an earlier row", at("product")),
        SupplyProblem::PreferredTwice => {
            new(ErrorCode::Duplicate, "an earlier row is the preferred one of this product", at("preferred"))
        }
    }
}

pub(super) fn policy_refused(refusal: PolicyRefusal) -> UserError {
    let at = |name: &str| path!["input", "items", refusal.row, name];
    let new = UserError::new;
    match refusal.what {
        PolicyWhat::NoProduct => UserError::not_found("product", at("product")),
        PolicyWhat::NoStore => UserError::not_found("store", at("store")),
        PolicyWhat::Twice => new(ErrorCode::Duplicate, "this level stands in an earlier item", at("product")),
        PolicyWhat::KeyReused => {
            let message = "this key was used before with another input: use a new key for a new change";
            new(ErrorCode::IdempotencyKeyReused, message, path!["input", "idempotencyKey"])
        }
        PolicyWhat::Problem(problem) => match problem {
            PolicyProblem::Negative(name) => new(ErrorCode::OutOfRange, "a quantity of 0 or more is expected", at(name)),
            PolicyProblem::PointAboveMaximum => {
                new(ErrorCode::OutOfRange, "the reorder point is at most the maximum", at("reorderPoint"))
            }
            PolicyProblem::Nothing => new(
                ErrorCode::Required,
                "a reorder point, a maximum or a safety stock is needed",
                path!["input", "items", refusal.row],
            ),
        },
    }
}

pub(super) fn mail_refused(refusal: MailRefusal) -> UserError {
    let at = path!["input", "id"];
    match refusal {
        MailRefusal::NoOrder => UserError::not_found("purchase order", at),
        MailRefusal::NoAddress => UserError::new(ErrorCode::InvalidState, "the supplier has no e-mail address", at),
        MailRefusal::NotApproved(status) => {
            let message =
                format!("the purchase order is {status}: it is sent when it is APPROVED, ORDERED or PARTIALLY_RECEIVED");
            UserError::new(ErrorCode::InvalidState, message, at)
        }
        MailRefusal::KeyReused => {
            let message = "this key was used before with another input: use a new key for a new change";
            UserError::new(ErrorCode::IdempotencyKeyReused, message, path!["input", "idempotencyKey"])
        }
    }
}
