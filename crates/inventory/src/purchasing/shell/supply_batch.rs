//! Answers to calls on suppliers' catalogues, stored under the keys of the calls.

use entity::prelude::*;
use platform::storage::{
    Fault, Work,
    idempotency::{self, Key},
};
use serde::{Deserialize, Serialize};

use crate::purchasing::{
    core::{Supply, SupplyProblem},
    rows::lock_supplies,
};

/// Outcome of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Created,
    Updated,
    Unchanged,
    Refused(SupplyProblem),
}

/// The answer, row by row.
#[derive(Debug, Clone)]
pub struct SupplyBatch {
    /// The outcome and current state of each row; None for a refused row.
    pub rows: Vec<(Outcome, Option<Supply>)>,
    pub is_replayed: bool,
    pub seq: Option<i64>,
}

/// Stored under the key: outcomes, and the suppliers and products of the rows.
#[derive(Serialize, Deserialize)]
struct Receipt {
    seq: Option<i64>,
    rows: Vec<(Outcome, Option<(SupplierId, ProductId)>)>,
}

/// Stores an answer under its key.
pub(super) async fn store_batch(work: &Work, key: &Key, batch: &SupplyBatch, now: Timestamp) -> Result<(), Fault> {
    let pair = |supply: &Supply| (supply.supplier, supply.product);
    let rows = batch.rows.iter().map(|(outcome, supply)| (*outcome, supply.as_ref().map(pair))).collect();
    let receipt = serde_json::to_string(&Receipt { seq: batch.seq, rows }).map_err(|err| Fault::Broken(err.to_string()))?;
    idempotency::store_receipts(work, [(key, receipt)], now).await
}

pub(super) async fn replay(work: &Work, receipt: &str) -> Result<SupplyBatch, Fault> {
    let receipt: Receipt = serde_json::from_str(receipt)
        .map_err(|_| Fault::corrupt("idempotency", "a receipt of suppliers' catalogues lists its rows"))?;
    let pairs: Vec<_> = receipt.rows.iter().filter_map(|(_, pair)| *pair).collect();
    let existing = lock_supplies(work, &pairs).await?;
    let rows =
        receipt.rows.into_iter().map(|(outcome, pair)| (outcome, pair.and_then(|pair| existing.get(&pair).cloned()))).collect();
    Ok(SupplyBatch { rows, is_replayed: true, seq: receipt.seq })
}
