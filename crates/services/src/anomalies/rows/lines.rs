//! The largest line of each day: of returns, and of movements that were posted to the ledger. The
//! facts have those of orders.

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::sales_return,
};
use platform::storage::{Fault, Finds, Reads};
use sea_orm::Value;

use crate::anomalies::core::SeriesKey;

/// Returns the kinds of movements of an anomaly kind, and the SQL condition for the direction of
/// their entries.
const fn entries(kind: AnomalyKind) -> (&'static [MovementKind], &'static str) {
    // Orders and returns have lines of their own, whose units may move in parts.
    const WITHOUT_DOCUMENT: &str =
        "e.on_hand_delta < 0 AND (m.reference_kind IS NULL OR m.reference_kind NOT IN ('ORDER', 'RETURN'))";
    const RETURN_WITHOUT_DOCUMENT: &str =
        "e.on_hand_delta > 0 AND (m.reference_kind IS NULL OR m.reference_kind NOT IN ('ORDER', 'RETURN'))";
    const ADJUSTMENT_KINDS: &[MovementKind] = &[MovementKind::Adjustment, MovementKind::Discrepancy, MovementKind::Count];
    match kind {
        AnomalyKind::Sale => (&[MovementKind::Sale], WITHOUT_DOCUMENT),
        AnomalyKind::Return => (&[MovementKind::Return], RETURN_WITHOUT_DOCUMENT),
        AnomalyKind::AdjustIn => (ADJUSTMENT_KINDS, "e.on_hand_delta > 0"),
        AnomalyKind::AdjustOut => (ADJUSTMENT_KINDS, "e.on_hand_delta < 0"),
        AnomalyKind::Removal => (&[MovementKind::Removal], "e.on_hand_delta < 0"),
        AnomalyKind::BelowCost
        | AnomalyKind::Reversals
        | AnomalyKind::CountsShort
        | AnomalyKind::Duplicate
        | AnomalyKind::Unmoved
        | AnomalyKind::ReceivedTwice => (&[], "1 = 0"),
    }
}

/// The largest of a day's movements.
#[derive(Record)]
struct EntryDay {
    #[record(sql = "g.day")]
    day: i32,
    #[record(sql = "CAST(max(g.units) AS bigint)")]
    units: i64,
}

/// The largest line of a day's returns.
#[derive(Record)]
struct ReturnDay {
    #[record(of = sales_return, alias = "r")]
    business_date: i32,
    #[record(sql = "CAST(max(l.received) AS bigint)")]
    units: i64,
}

/// The largest line of each day of a span, in smallest units; a day without one is left out.
pub(super) async fn largest_lines(reads: &impl Reads, key: SeriesKey, span: (i32, i32)) -> Result<BTreeMap<i32, i64>, Fault> {
    let mut largest = largest_entry_lines(reads, key, span).await?;
    if key.kind == AnomalyKind::Return {
        for (day, line) in largest_return_lines(reads, key, span).await? {
            let units = largest.entry(day).or_default();
            *units = line.max(*units);
        }
    }
    Ok(largest)
}

/// Reads the largest movement of each day. A movement of a level counts as one line, though it may
/// have an entry for each lot. Reversed movements are left out, as in the facts.
async fn largest_entry_lines(reads: &impl Reads, key: SeriesKey, (from, to): (i32, i32)) -> Result<BTreeMap<i32, i64>, Fault> {
    let (kinds, condition) = entries(key.kind);
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM (SELECT m.business_date AS day, abs(sum(e.on_hand_delta)) AS units
           FROM entry e JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq
           WHERE e.tenant_id = $1 AND e.product_id = $2 AND e.store_id = $3 AND m.business_date >= $4 AND m.business_date <= $5
             AND {of_kinds} AND {condition}
             AND NOT EXISTS (SELECT 1 FROM movement r WHERE r.tenant_id = $1 AND r.reverses_id = m.id)
           GROUP BY m.seq, m.business_date) g GROUP BY g.day",
        select = EntryDay::SELECT,
        of_kinds = backend.in_texts("m.kind", 6)
    );
    let kind_texts = backend.texts(kinds.iter().map(|kind| kind.as_str()));
    let values: Vec<Value> = vec![key.product.into(), key.store.into(), from.into(), to.into(), kind_texts];
    let rows = reads.records::<EntryDay>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| (row.day, row.units)).collect())
}

/// Received lines of returns that are in the facts.
async fn largest_return_lines(reads: &impl Reads, key: SeriesKey, (from, to): (i32, i32)) -> Result<BTreeMap<i32, i64>, Fault> {
    let sql = format!(
        "SELECT {} FROM sales_return r
         JOIN return_line l ON l.tenant_id = $1 AND l.return_id = r.id
         WHERE r.tenant_id = $1 AND r.store_id = $3 AND r.business_date >= $4 AND r.business_date <= $5
           AND r.status IN ('PARTIALLY_RECEIVED', 'RECEIVED', 'INSPECTED', 'CLOSED') AND l.product_id = $2 AND l.received > 0
         GROUP BY r.business_date",
        ReturnDay::SELECT
    );
    let rows = reads.records::<ReturnDay>(&sql, vec![key.product.into(), key.store.into(), from.into(), to.into()]).await?;
    Ok(rows.into_iter().map(|row| (row.business_date, row.units)).collect())
}
