//! How calls on invoices and companies begin and end: one after the other, each key once.

use entity::prelude::*;
use inventory::ledger::Mode;
use platform::storage::{
    Fault, Work,
    events::EventType,
    idempotency::{self, Key, KeyUse, is_key},
    journal::{self, Want},
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
    /// Numbers were given under the prefixes that the company has.
    Numbered,
    TooMany,
    NoKey,
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

/// What was written, the event that says so, and whether that was an earlier call with the same key.
#[derive(Debug, Clone)]
pub struct Acted<T> {
    pub value: T,
    pub seq: Option<i64>,
    pub is_replayed: bool,
}

pub(super) type Done<T> = Result<Acted<T>, InvoiceError>;

/// What is remembered of a call: the row that it wrote.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Receipt {
    pub id: Uuid,
    pub seq: Option<i64>,
}

/// The counter first, so that two calls come one after the other, and the second finds what the first has written. An earlier call's receipt.
pub(super) async fn begin(work: &Work, key: &Key) -> Result<Option<Receipt>, InvoiceError> {
    if !is_key(&key.key) {
        return Err(InvoiceError::NoKey);
    }
    journal::take(work, Want::default()).await?;
    match idempotency::before(work, key).await? {
        None => Ok(None),
        Some(KeyUse::Reused) => Err(InvoiceError::KeyReused),
        Some(KeyUse::Same(receipt)) => {
            let broken = |_| Fault::corrupt("idempotency", "a receipt names what was written");
            Ok(Some(serde_json::from_str(&receipt).map_err(broken)?))
        }
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
    let seq = journal::take(work, Want::events(1)).await?.seq + 1;
    journal::write(work, vec![kind.event(&payload).numbered(seq, now)]).await?;
    let receipt = serde_json::to_string(&Receipt { id, seq: Some(seq) }).map_err(|err| Fault::Broken(err.to_string()))?;
    idempotency::remember(work, [(key, receipt)], now).await?;
    Ok(Acted { value, seq: Some(seq), is_replayed: false })
}

/// Keeps what was done; a refusal, a dry run, and the answer of an earlier call leave nothing.
pub(super) async fn settle<T>(work: Work, done: Done<T>, mode: Mode) -> Done<T> {
    match (&done, mode) {
        (Ok(acted), Mode::Commit) if !acted.is_replayed => work.commit().await?,
        _ => work.rollback().await?,
    }
    match mode {
        Mode::Commit => done,
        Mode::Validate => done.map(|acted| Acted { seq: None, ..acted }),
    }
}
