//! Losses and gains of stock without a sale, from cost postings and their movements; and the
//! results of counts.

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::storage::{Fault, Finds, Reads, Row};
use uuid::Uuid;

use super::narrow::{ReportFilter, SqlParameters, local_moments, moments};
use crate::reports::core::{CountedLines, StockLoss};

/// Grouping of the report of losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LossGroup {
    Reason,
    Product,
    Store,
}

/// Grouping of the report of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CountGroup {
    Product,
    Category,
    Store,
}

/// Losses of a product in a store by the reason of their movements. A count has no meaningful
/// reason: it finds a loss and not its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    pub product: ProductId,
    pub store: StoreId,
    pub is_count: bool,
    pub reason: ReasonCode,
    pub sums: StockLoss,
}

#[derive(Record)]
struct LossRow {
    #[record(sql = "g.product_id")]
    product: ProductId,
    #[record(sql = "g.store_id")]
    store: StoreId,
    #[record(sql = "g.movement_kind")]
    kind: MovementKind,
    #[record(sql = "g.reason")]
    reason: ReasonCode,
    #[record(sql = "g.is_loss")]
    is_loss: i32,
    #[record(sql = "g.units")]
    units: i64,
    #[record(sql = "g.worth")]
    worth: i64,
}

#[derive(Record)]
struct CountedProductRow {
    #[record(sql = "g.product_id")]
    product: ProductId,
    sums: CountedRow,
}

#[derive(Record)]
struct CountedRow {
    #[record(sql = "g.grp")]
    key: Option<Uuid>,
    #[record(sql = "count(*)")]
    lines: i64,
    #[record(
        sql = "CAST(sum(CASE WHEN g.book - g.counted <= {tolerance} AND g.counted - g.book <= {tolerance} THEN 1 ELSE 0 END) AS bigint)"
    )]
    accurate: i64,
    #[record(sql = "CAST(sum(g.book) AS bigint)")]
    book: i64,
    #[record(sql = "CAST(sum(g.counted) AS bigint)")]
    counted: i64,
}

/// Removals, adjustments, counts and discrepancies of the days, losses and gains separately,
/// without returns to suppliers. A reversal counts under the reason of the reversed movement, on
/// its own day.
pub async fn losses(reads: &impl Reads, report_filter: &ReportFilter, method: CostingMethod) -> Result<Vec<Loss>, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let (from, to) = (bound.bind(i64::from(report_filter.span.from)), bound.bind(i64::from(report_filter.span.to)));
    let [since, until] = moments(report_filter.span).map(|at| bound.bind(at));
    let mut conditions = SqlParameters::of_products(report_filter, "x.product_id");
    conditions += &bound.of_stores(report_filter, "x.store_id");
    let minor = match method {
        CostingMethod::Fifo => "fifo_minor",
        CostingMethod::MovingAverage => "average_minor",
    };
    // Movements come first: they are few, and postings many. A movement and its postings have the
    // same time and day.
    let sql = format!(
        "SELECT {select} FROM (
           SELECT x.product_id, x.store_id, coalesce(v.kind, m.kind) AS movement_kind, coalesce(v.reason_code, m.reason_code, 'OTHER') AS reason,
             CASE WHEN x.quantity < 0 THEN 1 ELSE 0 END AS is_loss, CAST(sum(x.quantity) AS bigint) AS units,
             CAST(sum(x.{minor}) AS bigint) AS worth
           FROM movement m LEFT JOIN movement v ON v.tenant_id = $1 AND v.id = m.reverses_id CROSS JOIN cost_posting x
           WHERE m.tenant_id = $1 AND m.occurred_at >= {since} AND m.occurred_at < {until} AND coalesce(m.reference_kind, '') <> 'SUPPLIER_RETURN'
             AND coalesce(v.kind, m.kind) IN ('REMOVAL', 'ADJUSTMENT', 'COUNT', 'DISCREPANCY')
             AND x.tenant_id = $1 AND x.seq = m.seq AND x.business_date >= {from} AND x.business_date <= {to}
             AND x.kind IN ('REMOVAL', 'CORRECTION') AND x.store_id IS NOT NULL{conditions}
           GROUP BY 1, 2, 3, 4, 5) g
         ORDER BY g.product_id, g.store_id",
        select = LossRow::SELECT
    );
    let loss = |row: LossRow| {
        let loss_sums = StockLoss::of(row.units, row.worth);
        // Removed units are a loss and added units a gain, whatever the sign of their value.
        let sums = if row.is_loss == 1 {
            StockLoss { lost_value: loss_sums.lost_value - loss_sums.found_value, found_value: 0, ..loss_sums }
        } else {
            StockLoss { found_value: loss_sums.found_value - loss_sums.lost_value, lost_value: 0, ..loss_sums }
        };
        Loss { product: row.product, store: row.store, is_count: row.kind == MovementKind::Count, reason: row.reason, sums }
    };
    Ok(reads.records::<LossRow>(&sql, bound.values).await?.into_iter().map(loss).collect())
}

impl CountedRow {
    fn lines(&self) -> CountedLines {
        CountedLines { lines: self.lines, accurate: self.accurate, book: self.book.into(), counted: self.counted.into() }
    }
}

/// Lines of counts that were completed on the days, which are those of their stores, by group.
pub async fn counted_accuracy(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    group: CountGroup,
    tolerance: i64,
) -> Result<Vec<(Option<Uuid>, CountedLines)>, Fault> {
    let (mut bound, tolerance) = with_tolerance(reads, report_filter, tolerance);
    let lines = counted_lines(reads, &mut bound, report_filter, group).await?;
    let sql = format!(
        "SELECT {select} FROM ({lines}) g GROUP BY g.grp ORDER BY g.grp",
        select = CountedRow::SELECT.replace("{tolerance}", &tolerance)
    );
    let rows = reads.records::<CountedRow>(&sql, bound.values).await?;
    Ok(rows.into_iter().map(|row| (row.key, row.lines())).collect())
}

/// Lines of completed counts by group and product.
pub async fn counted_products(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    group: CountGroup,
    tolerance: i64,
) -> Result<Vec<(Option<Uuid>, ProductId, CountedLines)>, Fault> {
    let (mut bound, tolerance) = with_tolerance(reads, report_filter, tolerance);
    let lines = counted_lines(reads, &mut bound, report_filter, group).await?;
    let sql = format!(
        "SELECT {select} FROM ({lines}) g GROUP BY g.grp, g.product_id ORDER BY g.grp, g.product_id",
        select = CountedProductRow::SELECT.replace("{tolerance}", &tolerance)
    );
    let rows = reads.records::<CountedProductRow>(&sql, bound.values).await?;
    Ok(rows.into_iter().map(|row| (row.sums.key, row.product, row.sums.lines())).collect())
}

fn with_tolerance(reads: &impl Reads, report_filter: &ReportFilter, tolerance: i64) -> (SqlParameters, String) {
    let mut bound = SqlParameters::of(reads, report_filter);
    let mark = bound.bind(tolerance);
    (bound, mark)
}

/// A condition that counts `c` of stores `s` were completed on the days of `report_filter`, in the
/// time zone of each store.
async fn completed_condition(
    reads: &impl Reads,
    bound: &mut SqlParameters,
    report_filter: &ReportFilter,
) -> Result<String, Fault> {
    let [since, until] = moments(report_filter.span).map(|at| bound.bind(at));
    let mut completed = format!("c.completed_at >= {since} AND c.completed_at < {until}");
    let (mut first_days, mut last_days) = (String::new(), String::new());
    for row in &reads.rows("SELECT DISTINCT time_zone FROM store WHERE tenant_id = $1", vec![]).await? {
        let zone: String = Row::scalar(row)?;
        let [first, end] = local_moments(&zone, report_filter.span).map(|at| bound.bind(at));
        let zone = bound.bind(zone);
        first_days += &format!(" WHEN {zone} THEN {first}");
        last_days += &format!(" WHEN {zone} THEN {end}");
    }
    if !first_days.is_empty() {
        completed += &format!(
            " AND c.completed_at >= CASE s.time_zone{first_days} END AND c.completed_at < CASE s.time_zone{last_days} END"
        );
    }
    Ok(completed)
}

/// The lines of these counts with their group and product.
async fn counted_lines(
    reads: &impl Reads,
    bound: &mut SqlParameters,
    report_filter: &ReportFilter,
    group: CountGroup,
) -> Result<String, Fault> {
    let completed = completed_condition(reads, bound, report_filter).await?;
    let mut conditions = SqlParameters::of_products(report_filter, "l.product_id");
    conditions += &bound.of_stores(report_filter, "c.store_id");
    let key = match group {
        CountGroup::Product => "l.product_id",
        CountGroup::Category => "p.category_id",
        CountGroup::Store => "c.store_id",
    };
    Ok(format!(
        "SELECT {key} AS grp, l.product_id, l.book, l.counted FROM stock_count c CROSS JOIN store s CROSS JOIN count_line l CROSS JOIN product p
         WHERE c.tenant_id = $1 AND s.tenant_id = $1 AND s.id = c.store_id AND c.status = 'COMPLETED' AND {completed}{conditions}
           AND l.tenant_id = $1 AND l.count_id = c.id AND l.book IS NOT NULL AND l.counted IS NOT NULL AND l.posted IS NOT NULL AND l.reversed_at IS NULL
           AND p.tenant_id = $1 AND p.id = l.product_id"
    ))
}
