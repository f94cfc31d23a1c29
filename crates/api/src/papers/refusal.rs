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

fn input(name: &str) -> Path {
    path!["input", name]
}

/// `id` is the field of the document.
pub(super) fn refused(refusal: InvoiceRefusal, id: &str) -> UserError {
    match refusal {
        InvoiceRefusal::NotFound => UserError::not_found(if id == "orderId" { "order" } else { "invoice" }, input(id)),
        InvoiceRefusal::NoEntity => {
            let message = "the order's store sells for no legal entity: name it in one with legalEntityUpsert";
            UserError::new(ErrorCode::InvalidState, message, input(id))
        }
        InvoiceRefusal::OfCreditNote => {
            UserError::new(ErrorCode::Invalid, "an invoice is expected: nothing is credited of a credit note", input(id))
        }
        InvoiceRefusal::Decided(why) => decided(why, id),
        InvoiceRefusal::Field(problem) => field_refused(problem),
        InvoiceRefusal::NoStore { index } => UserError::not_found("store", path!["input", "storeIds", index]),
        InvoiceRefusal::NoSuchEntity => UserError::not_found("legal entity", input("id")),
        InvoiceRefusal::ArchivedEntity => {
            let message = "the legal entity is archived: restore it with legalEntityRestore";
            UserError::new(ErrorCode::InvalidState, message, input(id))
        }
        InvoiceRefusal::SoldFor { stores } => {
            let message = format!("stores sell for it ({stores}): name them in another legal entity with legalEntityUpsert");
            UserError::new(ErrorCode::InUse, message, input("id"))
        }
        InvoiceRefusal::Stale { actual } => UserError::changed("legal entity", actual),
        InvoiceRefusal::Numbered => {
            let message =
                "numbers were issued under the legal entity's prefixes, which stay: create another legal entity for other ones";
            UserError::new(ErrorCode::InvalidState, message, path!["input"])
        }
        InvoiceRefusal::TooMany => {
            let message = format!("at most {MAX_ENTITIES} legal entities are kept");
            UserError::new(ErrorCode::LimitExceeded, message, path!["input"])
        }
        InvoiceRefusal::BadKey(why) => UserError::invalid_key(why, input("idempotencyKey")),
        InvoiceRefusal::KeyReused => UserError::key_reused(input("idempotencyKey")),
    }
}

fn field_refused(problem: EntityProblem) -> UserError {
    match problem {
        EntityProblem::Missing { field } => UserError::new(ErrorCode::Required, "a text is needed", field),
        EntityProblem::Malformed { field } => {
            UserError::new(ErrorCode::Invalid, "a text without control characters is expected", field)
        }
        EntityProblem::TooLong { most, field } => UserError::new(ErrorCode::TooLong, format!("at most {most} are taken"), field),
        EntityProblem::SamePrefix => {
            let message = "another prefix than that of invoices is expected: numbers of both run from 1";
            UserError::new(ErrorCode::Invalid, message, input("creditNotePrefix"))
        }
    }
}

fn decided(why: Refusal, id: &str) -> UserError {
    let state = |message: String| UserError::new(ErrorCode::InvalidState, message, input(id));
    match why {
        Refusal::Status(status) => state(format!("an order that is {status} has nothing to be invoiced")),
        Refusal::NothingDue => state("nothing of the order is left to be invoiced in this scope".to_owned()),
        Refusal::NothingLeft => state("nothing of the invoice is left to be credited".to_owned()),
        Refusal::TooLarge => state("its sums are beyond what can be kept exactly".to_owned()),
        Refusal::RateMissing { from, to, day } => UserError::new(ErrorCode::RateMissing, rate_missing(from, to, day), input(id)),
        Refusal::NoLine { index } => {
            let field = path!["input", "lines", index, "orderLineId"];
            UserError::new(ErrorCode::NotFound, "the line is not on the invoice, or is named twice", field)
        }
        Refusal::UpTo { index, most } => {
            let message = match most {
                0 => "nothing of this line is left to be credited".to_owned(),
                _ => format!("1 to {most} can be credited of this line"),
            };
            UserError::new(ErrorCode::OutOfRange, message, path!["input", "lines", index, "quantity"])
        }
    }
}
