//! Sums over the ledger.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::movement,
};
use inventory::stock::rows::{MovementFilterSpec, movement_filter};
use platform::storage::{Fault, Finds, Reads};

/// Sums of the movements of a kind on stock on hand. Only entries that match the filter count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct MovementTotals {
    #[record(of = movement, alias = "m")]
    pub kind: MovementKind,
    #[record(sql = "count(DISTINCT m.seq)")]
    pub movements: i64,
    #[record(sql = "count(*)")]
    pub entries: i64,
    /// In smallest units.
    #[record(sql = "CAST(sum(CASE WHEN e.on_hand_delta > 0 THEN e.on_hand_delta ELSE 0 END) AS bigint)")]
    pub units_in: i64,
    /// In smallest units, as a number above 0.
    #[record(sql = "CAST(sum(CASE WHEN e.on_hand_delta < 0 THEN -e.on_hand_delta ELSE 0 END) AS bigint)")]
    pub units_out: i64,
    /// Sum of |value| of the entries with values in the requested currency, in minor units.
    #[record(sql = "CAST(sum(CASE WHEN e.cost_currency = $2 THEN coalesce(abs(e.value_minor), 0) ELSE 0 END) AS bigint)")]
    pub value: i64,
}

/// One row for each kind with movements, in the order in which kinds are declared.
pub async fn movement_totals(
    reads: &impl Reads,
    spec: &MovementFilterSpec,
    currency: Currency,
) -> Result<Vec<MovementTotals>, Fault> {
    let filter = movement_filter(reads.backend(), spec, 3);
    let (movement, entry) = (&filter.movement, &filter.entry);
    // CROSS JOIN keeps SQLite from starting at the entries; for Postgres it is an inner join like any other.
    let sql = format!(
        "SELECT {select}
         FROM movement m CROSS JOIN entry e
         WHERE m.tenant_id = $1{movement} AND e.tenant_id = $1 AND e.seq = m.seq{entry}
         GROUP BY m.kind",
        select = MovementTotals::SELECT
    );
    let mut values = vec![currency.as_str().into()];
    values.extend(filter.values);
    let mut totals = reads.records::<MovementTotals>(&sql, values).await?;
    totals.sort_by_key(|row| row.kind);
    Ok(totals)
}
