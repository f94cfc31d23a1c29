//! How calls on invoices and companies begin and end: one after the other, each key once.

use entity::prelude::*;
use platform::storage::{
    Fault, Work,
    events::EventType,
    idempotency::{self, Acted, Before, Key, KeyProblem},
    journal,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::papers::core::{EntityProblem, Refusal};

/// Why a call came to nothing: nothing was written, and no number was given.
#[derive(Debug)]
pub enum InvoiceError {
    /// There is no such order, or invoice, among those that the caller may see.
    NotFound,
    /// The store sells for no company.
    NoEntity,
    /// A credit note is of an invoice, and of no credit note.
    OfCreditNote,
    Refused(Refusal),
    Field(EntityProblem),
    /// There is no such store.
    NoStore {
        index: usize,
    },
    /// There is no such company.
    NoSuchEntity,
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
    BadKey(KeyProblem),
    KeyReused,
    Fault(Fault),
}

impl From<Fault> for InvoiceError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<Refusal> for InvoiceError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
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
    idempotency::check_key(&key.key).map_err(InvoiceError::BadKey)?;
    match idempotency::in_turn(work, key).await? {
        Before::Nothing => Ok(None),
        Before::Reused => Err(InvoiceError::KeyReused),
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
