//! How calls on invoices and companies begin and end: one after the other, each key once.

use entity::prelude::*;
use platform::{
    stages::{Stage, Staged, Stop},
    storage::{
        Work,
        events::EventType,
        idempotency::{self, Acted, Before, Key, KeyProblem},
        journal,
    },
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::papers::core::{EntityProblem, Refusal};

/// Why nothing was written, and no number was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvoiceRefusal {
    BadKey(KeyProblem),
    /// Of a company.
    Field(EntityProblem),
    /// There is no such order, or invoice, among those that the caller may see.
    NotFound,
    /// There is no such store.
    NoStore {
        index: usize,
    },
    /// There is no such company.
    NoSuchEntity,
    /// A credit note is of an invoice, and of no credit note.
    OfCreditNote,
    /// Nothing can be invoiced or credited so.
    Decided(Refusal),
    /// The store sells for no company.
    NoEntity,
    /// The company is archived, and changes no more.
    ArchivedEntity,
    /// So many stores sell for the company.
    SoldFor {
        stores: usize,
    },
    Stale {
        actual: i64,
    },
    /// Numbers were given under the prefixes that the company has.
    Numbered,
    TooMany,
    KeyReused,
}

impl Staged for InvoiceRefusal {
    fn stage(&self) -> Stage {
        match self {
            Self::BadKey(_) => Stage::Shape,
            Self::Field(problem) => problem.stage(),
            Self::NotFound | Self::NoStore { .. } | Self::NoSuchEntity => Stage::Reference,
            Self::OfCreditNote => Stage::Value,
            Self::Decided(_)
            | Self::NoEntity
            | Self::ArchivedEntity
            | Self::SoldFor { .. }
            | Self::Stale { .. }
            | Self::Numbered
            | Self::TooMany
            | Self::KeyReused => Stage::State,
        }
    }
}

/// A refusal or a fault: nothing was written, and no number was given.
pub type InvoiceError = Stop<InvoiceRefusal>;

impl From<Refusal> for InvoiceError {
    fn from(refusal: Refusal) -> Self {
        InvoiceRefusal::Decided(refusal).into()
    }
}

pub(super) type Done<T> = Result<Acted<T>, InvoiceError>;

/// What is remembered of a call: the row that it wrote.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Receipt {
    pub id: Uuid,
    pub seq: Option<i64>,
}

/// An earlier call's receipt.
pub(super) async fn begin(work: &Work, key: &Key) -> Result<Option<Receipt>, InvoiceError> {
    idempotency::check_key(&key.key).map_err(InvoiceRefusal::BadKey)?;
    match idempotency::in_turn(work, key).await? {
        Before::Nothing => Ok(None),
        Before::Reused => Err(InvoiceRefusal::KeyReused.into()),
        Before::Same(receipt) => Ok(Some(receipt)),
    }
}

/// The event, and the receipt of the call.
pub(super) async fn end<T, P: Serialize>(
    work: &mut Work,
    key: &Key,
    (kind, payload): (EventType<P>, P),
    (id, value): (Uuid, T),
    now: Timestamp,
) -> Done<T> {
    let seq = journal::append_other(work, vec![kind.event(&payload)], now).await?;
    idempotency::keep(work, key, &Receipt { id, seq }, now).await?;
    Ok(Acted { value, seq, is_replayed: false })
}
