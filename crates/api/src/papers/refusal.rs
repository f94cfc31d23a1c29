//! Conversion of refusals of invoices and companies into user errors.

use platform::path;
use services::papers::{
    core::{EntityProblem, Refusal},
    shell::{InvoiceRefusal, MAX_ENTITIES},
};

use crate::{
    graphql::refusal::{ErrorCode, Path, UserError},
    purchasing::refusal::rate_missing,
};

fn input_path(name: &str) -> Path {
    path!["input", name]
}

/// `id` is the field of the document.
pub(super) fn invoice_error(refusal: InvoiceRefusal, id: &str) -> UserError {
    match refusal {
        InvoiceRefusal::NotFound => UserError::not_found(if id == "orderId" { "order" } else { "invoice" }, input_path(id)),
        InvoiceRefusal::NoEntity => {
            let message = "the order's store sells for no legal entity: name it in one with legalEntityUpsert";
            UserError::new(ErrorCode::InvalidState, message, input_path(id))
        }
        InvoiceRefusal::OfCreditNote => {
            UserError::new(ErrorCode::Invalid, "an invoice is expected: nothing is credited of a credit note", input_path(id))
        }
        InvoiceRefusal::Decided(reason) => decision_error(reason, id),
        InvoiceRefusal::Field(problem) => field_error(problem),
        InvoiceRefusal::NoStore { index } => UserError::not_found("store", path!["input", "storeIds", index]),
        InvoiceRefusal::NoSuchEntity => UserError::not_found("legal entity", input_path("id")),
        InvoiceRefusal::ArchivedEntity => {
            let message = "the legal entity is archived: restore it with legalEntityRestore";
            UserError::new(ErrorCode::InvalidState, message, input_path(id))
        }
        InvoiceRefusal::SoldFor { stores } => {
            let message = format!("stores sell for it ({stores}): name them in another legal entity with legalEntityUpsert");
            UserError::new(ErrorCode::InUse, message, input_path("id"))
        }
        InvoiceRefusal::Stale { actual } => UserError::version_conflict("legal entity", actual),
        InvoiceRefusal::Numbered => {
            let message =
                "numbers were issued under the legal entity's prefixes, which stay: create another legal entity for other ones";
            UserError::new(ErrorCode::InvalidState, message, path!["input"])
        }
        InvoiceRefusal::TooMany => {
            let message = format!("at most {MAX_ENTITIES} legal entities are kept");
            UserError::new(ErrorCode::LimitExceeded, message, path!["input"])
        }
        InvoiceRefusal::BadKey(reason) => UserError::invalid_key(reason, input_path("idempotencyKey")),
        InvoiceRefusal::KeyReused => UserError::key_reused(input_path("idempotencyKey")),
    }
}

fn field_error(problem: EntityProblem) -> UserError {
    match problem {
        EntityProblem::Missing { field } => UserError::new(ErrorCode::Required, "a text is needed", field),
        EntityProblem::Malformed { field } => {
            UserError::new(ErrorCode::Invalid, "a text without control characters is expected", field)
        }
        EntityProblem::TooLong { most, field } => UserError::new(ErrorCode::TooLong, format!("at most {most} are taken"), field),
        EntityProblem::SamePrefix => {
            let message = "another prefix than that of invoices is expected: numbers of both run from 1";
            UserError::new(ErrorCode::Invalid, message, input_path("creditNotePrefix"))
        }
    }
}

fn decision_error(refusal: Refusal, id: &str) -> UserError {
    let state = |message: String| UserError::new(ErrorCode::InvalidState, message, input_path(id));
    match refusal {
        Refusal::Status(status) => state(format!("an order that is {status} has nothing to be invoiced")),
        Refusal::NothingDue => state("nothing of the order is left to be invoiced in this scope".to_owned()),
        Refusal::NothingLeft => state("nothing of the invoice is left to be credited".to_owned()),
        Refusal::TooLarge => state("its sums are beyond what can be kept exactly".to_owned()),
        Refusal::RateMissing { from, to, day } => {
            UserError::new(ErrorCode::RateMissing, rate_missing(from, to, day), input_path(id))
        }
        Refusal::NoLine { index } => {
            let field = path!["input", "lines", index, "orderLineId"];
            UserError::new(ErrorCode::NotFound, "the line is not on the invoice, or is named twice", field)
        }
        Refusal::UpTo { index, most: limit } => {
            let message = match limit {
                0 => "nothing of this line is left to be credited".to_owned(),
                _ => format!("1 to {limit} can be credited of this line"),
            };
            UserError::new(ErrorCode::OutOfRange, message, path!["input", "lines", index, "quantity"])
        }
    }
}
