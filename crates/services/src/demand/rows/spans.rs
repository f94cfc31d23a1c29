//! Spans of levels, and the changes that they are computed from.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{demand_day, stock_span},
};
use platform::storage::{Bulk, Fault, Finds, Reads, Row, Rows, Work};

use super::stock::CURRENT;
use crate::demand::core::Span;

type Level = (ProductId, StoreId);
/// Spans of levels, in the order of their days.
pub type LevelSpans = HashMap<Level, Vec<Span>>;
/// Changes on hand of levels, in the order of days.
pub type LevelChanges = HashMap<Level, Vec<(i32, i64)>>;

/// A span of a level.
#[derive(Record)]
#[record(of = stock_span, alias = "s")]
pub struct SpanRow {
    pub product_id: ProductId,
    pub store_id: StoreId,
    pub from_date: i32,
    pub to_date: Option<i32>,
    pub state: SpanState,
}

#[derive(Record)]
#[record(of = stock_span)]
struct DeletedSpan {
    generation: i64,
    product_id: ProductId,
    store_id: StoreId,
    from_date: i32,
}

#[derive(Record)]
struct ChangeRow {
    #[record(of = demand_day, alias = "d")]
    product_id: ProductId,
    #[record(of = demand_day, alias = "d")]
    store_id: StoreId,
    #[record(of = demand_day, alias = "d")]
    business_date: i32,
    #[record(sql = "CAST(sum(d.net_units) AS bigint)")]
    units: i64,
}

/// Returns the changes on hand of levels on each day since `from`, in the order of days.
pub async fn level_changes(reads: &impl Reads, generation: i64, levels: &[Level], from: i32) -> Result<LevelChanges, Fault> {
    let (level_table, values) = reads.backend().pairs(levels, 4);
    let sql = format!(
        "SELECT {} FROM {level_table} CROSS JOIN demand_day d
         WHERE d.tenant_id = $1 AND d.generation = $2 AND d.product_id = k.a AND d.store_id = k.b AND d.business_date >= $3
         GROUP BY d.product_id, d.store_id, d.business_date HAVING sum(d.net_units) <> 0
         ORDER BY d.product_id, d.store_id, d.business_date",
        ChangeRow::SELECT
    );
    let values = [generation.into(), from.into()].into_iter().chain(values).collect();
    Ok(by_level(reads.records(&sql, values).await?))
}

/// Returns the changes of all levels of a range of products, on all days.
pub async fn product_changes(
    reads: &impl Reads,
    generation: i64,
    (first, last): (ProductId, ProductId),
) -> Result<LevelChanges, Fault> {
    let sql = format!(
        "SELECT {} FROM demand_day d
         WHERE d.tenant_id = $1 AND d.generation = $2 AND d.product_id >= $3 AND d.product_id <= $4
         GROUP BY d.product_id, d.store_id, d.business_date HAVING sum(d.net_units) <> 0
         ORDER BY d.product_id, d.store_id, d.business_date",
        ChangeRow::SELECT
    );
    Ok(by_level(reads.records(&sql, vec![generation.into(), first.into(), last.into()]).await?))
}

fn by_level(rows: Vec<ChangeRow>) -> LevelChanges {
    let mut changes = LevelChanges::new();
    for row in rows {
        changes.entry((row.product_id, row.store_id)).or_default().push((row.business_date, row.units));
    }
    changes
}

/// The newest day with a change; None before the first.
pub async fn newest_day(reads: &impl Reads, generation: i64) -> Result<Option<i32>, Fault> {
    let sql = "SELECT d.business_date FROM demand_day d WHERE d.tenant_id = $1 AND d.generation = $2 ORDER BY d.business_date DESC LIMIT 1";
    reads.rows(sql, vec![generation.into()]).await?.first().map(Row::scalar).transpose()
}

/// Returns the spans of levels that end on day `from` or later, or have not ended.
pub async fn spans(reads: &impl Reads, generation: i64, levels: &[Level], from: i32) -> Result<LevelSpans, Fault> {
    let (level_table, values) = reads.backend().pairs(levels, 4);
    let sql = format!(
        "SELECT {} FROM {level_table} CROSS JOIN stock_span s
         WHERE s.tenant_id = $1 AND s.generation = $2 AND s.product_id = k.a AND s.store_id = k.b AND (s.to_date IS NULL OR s.to_date >= $3)
         ORDER BY s.product_id, s.store_id, s.from_date",
        SpanRow::SELECT
    );
    let values = [generation.into(), from.into()].into_iter().chain(values).collect();
    Ok(spans_by_level(reads.records(&sql, values).await?))
}

/// The spans of levels that days from one to another lie in, of the facts that reports read.
pub async fn spans_within(reads: &impl Reads, levels: &[Level], (from, to): (i32, i32)) -> Result<LevelSpans, Fault> {
    let (level_table, values) = reads.backend().pairs(levels, 4);
    let sql = format!(
        "SELECT {} FROM {level_table} CROSS JOIN stock_span s
         WHERE s.tenant_id = $1 AND s.generation = {CURRENT} AND s.product_id = k.a AND s.store_id = k.b AND s.from_date <= $3
           AND (s.to_date IS NULL OR s.to_date >= $2)
         ORDER BY s.product_id, s.store_id, s.from_date",
        SpanRow::SELECT
    );
    let values = [from.into(), to.into()].into_iter().chain(values).collect();
    Ok(spans_by_level(reads.records(&sql, values).await?))
}

fn spans_by_level(rows: Vec<SpanRow>) -> LevelSpans {
    let mut spans = LevelSpans::new();
    for SpanRow { product_id, store_id, from_date, to_date, state } in rows {
        spans.entry((product_id, store_id)).or_default().push(Span { from: from_date, to: to_date, state });
    }
    spans
}

/// Writes spans, each by its state before and after; both are of one level and have the same first
/// day.
pub async fn write_spans(work: &Work, spans: Vec<(Option<stock_span::Model>, Option<stock_span::Model>)>) -> Result<(), Fault> {
    let tenant = work.tenant();
    let (mut new_spans, mut changed_spans) =
        (Rows::<stock_span::Model>::insert(tenant), Rows::<stock_span::Model>::update(tenant));
    let mut deleted_spans = Rows::<DeletedSpan>::delete(tenant);
    for (before, after) in spans {
        match (before, after) {
            (Some(_), Some(row)) => changed_spans.push(row),
            (None, Some(row)) => new_spans.push(row),
            (Some(stock_span::Model { generation, product_id, store_id, from_date, .. }), None) => {
                deleted_spans.push(DeletedSpan { generation, product_id, store_id, from_date });
            }
            (None, None) => {}
        }
    }
    let writes: [Bulk; 3] = [deleted_spans.into(), changed_spans.into(), new_spans.into()];
    for bulk in writes {
        work.write(bulk).await?;
    }
    Ok(())
}
