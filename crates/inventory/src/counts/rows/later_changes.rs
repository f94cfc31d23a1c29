//! Later counts and movements that depend on a count that is to be reversed.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::count_line,
};
use platform::storage::{Fault, Finds, Reads, Row};

use crate::counts::core::{CountToReverse, CountsSince, LineKey};

/// The most documents that are read; more are not reported.
const MAX: usize = 500;

#[derive(Record)]
struct LastCountRow {
    #[record(of = count_line, alias = "l")]
    product_id: ProductId,
    #[record(of = count_line, alias = "l")]
    lot_key: String,
    #[record(sql = "CAST(max(l.counted_at) AS bigint)")]
    counted_at: Timestamp,
}

/// Reads when other counts counted the products of one, which of them were approved after it, and
/// which movements were recorded late since.
pub async fn counts_since(reads: &impl Reads, reversed_count: &CountToReverse) -> Result<CountsSince, Fault> {
    let products = || reads.backend().ids(reversed_count.products.iter().copied());
    let product_condition = |column: &str| reads.backend().in_ids(column, 2);
    // Posted lines of other counts that are not reversed.
    let other_lines = format!(
        "FROM count_line l JOIN stock_count c ON c.tenant_id = $1 AND c.id = l.count_id
         WHERE l.tenant_id = $1 AND {} AND l.posted IS NOT NULL AND l.reversed_at IS NULL AND c.store_id = $3 AND c.id <> $4",
        product_condition("l.product_id")
    );
    let values = || vec![products(), reversed_count.store.into(), reversed_count.count.into()];
    let sql = format!("SELECT {} {other_lines} GROUP BY l.product_id, l.lot_key", LastCountRow::SELECT);
    let rows = reads.records::<LastCountRow>(&sql, values()).await?;
    let last_count = |row: LastCountRow| (LineKey { product: row.product_id, lot: row.lot_key }, row.counted_at);
    let other_counts: HashMap<LineKey, Timestamp> = rows.into_iter().map(last_count).collect();

    // If two counts were approved at the same moment (in one batch, or by a clock that waits for
    // the last recorded time), the later one is that which posted later: otherwise each would block
    // the reversal of the other.
    let sql = format!(
        "SELECT DISTINCT c.id, c.number {other_lines} AND (c.completed_at > $5 OR c.completed_at = $5 AND EXISTS (
           SELECT 1 FROM movement m WHERE m.tenant_id = $1 AND m.reference_kind = 'COUNT' AND m.reference_id = c.id AND m.kind = 'COUNT' AND m.seq > $6))
         ORDER BY c.number DESC LIMIT {MAX}"
    );
    let mut later_values = values();
    later_values.push(reversed_count.completed_at.micros().into());
    later_values.push(reversed_count.seq.into());
    let rows = reads.rows(&sql, later_values).await?;
    let later_counts = rows.iter().map(Row::scalar).collect::<Result<Vec<CountId>, _>>()?;

    let sql = format!(
        "SELECT DISTINCT m.id, m.seq FROM entry e JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq
         WHERE e.tenant_id = $1 AND {} AND e.store_id = $3 AND e.seq > $4 AND m.kind = 'COUNT' AND m.reference_kind IS NULL
         ORDER BY m.seq DESC LIMIT {MAX}",
        product_condition("e.product_id")
    );
    let rows = reads.rows(&sql, vec![products(), reversed_count.store.into(), reversed_count.seq.into()]).await?;
    let late_movements = rows.iter().map(Row::scalar).collect::<Result<Vec<MovementId>, _>>()?;
    Ok(CountsSince { standing: other_counts, later: later_counts, late: late_movements })
}
