//! Start and end of calls on invoices and companies: they are serialized, and each key is used
//! once.

use entity::prelude::*;
use platform::{
    stages::{Stage, Staged, Stop},
    storage::{
        Work,
        events::EventType,
        idempotency::{self, CallResult, EarlierUse, Key, KeyProblem},
        journal,
    },
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::papers::core::{EntityProblem, Refusal};

/// Refusal of a call that wrote nothing and assigned no number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvoiceRefusal {
    BadKey(KeyProblem),
    /// A problem of a company.
    Field(EntityProblem),
    /// The order or the invoice does not exist, or the caller may not see it.
    NotFound,
    /// The store does not exist.
    NoStore {
        index: usize,
    },
    /// The company does not exist.
    NoSuchEntity,
    /// A credit note cannot be credited, only an invoice.
    OfCreditNote,
    /// The invoice rules refuse the call.
    Decided(Refusal),
    /// The store has no company.
    NoEntity,
    /// The company is archived, and cannot be changed.
    ArchivedEntity,
    /// The company cannot be archived: this many stores sell for it.
    SoldFor {
        stores: usize,
    },
    Stale {
        actual: i64,
    },
    /// Numbers were assigned under the company's current prefixes.
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

/// A refusal or a fault: nothing was written, and no number was assigned.
pub type InvoiceError = Stop<InvoiceRefusal>;

impl From<Refusal> for InvoiceError {
    fn from(refusal: Refusal) -> Self {
        InvoiceRefusal::Decided(refusal).into()
    }
}

pub(super) type ChangeResult<T> = Result<CallResult<T>, InvoiceError>;

/// Stored result of a call: the row that it wrote.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Receipt {
    pub id: Uuid,
    pub seq: Option<i64>,
}

/// Returns the receipt of an earlier call with the key.
pub(super) async fn find_receipt(work: &Work, key: &Key) -> Result<Option<Receipt>, InvoiceError> {
    idempotency::check_key(&key.key).map_err(InvoiceRefusal::BadKey)?;
    match idempotency::lock_and_look_up(work, key).await? {
        EarlierUse::Nothing => Ok(None),
        EarlierUse::Reused => Err(InvoiceRefusal::KeyReused.into()),
        EarlierUse::Same(receipt) => Ok(Some(receipt)),
    }
}

/// Appends the event, and stores the receipt of the call.
pub(super) async fn end<T, P: Serialize>(
    work: &mut Work,
    key: &Key,
    (kind, payload): (EventType<P>, P),
    (id, value): (Uuid, T),
    now: Timestamp,
) -> ChangeResult<T> {
    let seq = journal::append_other(work, vec![kind.event(&payload)], now).await?;
    idempotency::keep(work, key, &Receipt { id, seq }, now).await?;
    Ok(CallResult { value, seq, is_replayed: false })
}
