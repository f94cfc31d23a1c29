//! Units of orders that left, and their times.

use std::collections::BTreeMap;

use entity::record::{Record, Selected};
use platform::storage::{Backend, Fault, Finds, Reads, Row};
use sea_orm::Value;
use uuid::Uuid;

use super::{
    halves::order_rows,
    narrow::{ReportFilter, SqlParameters},
};
use crate::{insight::rows::IdRange, reports::core::Fill};

const HOUR_MICROS: i64 = 3_600_000_000;

/// Grouping of the report's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FulfilmentGroup {
    Store,
    Channel,
}

impl FulfilmentGroup {
    const fn column(self) -> &'static str {
        match self {
            Self::Store => "o.store_id",
            Self::Channel => "o.channel_id",
        }
    }
}

#[derive(Record)]
struct FillRow {
    #[record(sql = "g.grp")]
    key: Uuid,
    #[record(sql = "CAST(sum(g.ordered) AS bigint)")]
    ordered_units: i64,
    #[record(sql = "CAST(sum(g.shipped) AS bigint)")]
    shipped_units: i64,
    #[record(sql = "CAST(sum(g.lines) AS bigint)")]
    lines: i64,
    #[record(sql = "CAST(sum(g.whole) AS bigint)")]
    whole_lines: i64,
    #[record(sql = "count(*)")]
    orders: i64,
    #[record(sql = "CAST(sum(CASE WHEN g.whole = g.lines THEN 1 ELSE 0 END) AS bigint)")]
    whole_orders: i64,
}

/// The columns of a `FillRow`.
const COLUMNS: usize = 7;

#[derive(Record)]
struct HoursRow {
    #[record(sql = "g.grp")]
    key: Uuid,
    #[record(sql = "g.micros")]
    micros: i64,
}

/// Returns the fill rates by group: units that left by the requested time, or within `hours` if the
/// order has none, or one before it was placed. Units that were handed over with the order, without
/// a fulfilment, left at once; cancelled units, charges and services do not count.
pub async fn fill_rates(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    group: FulfilmentGroup,
    hours: i64,
) -> Result<BTreeMap<Uuid, Fill>, Fault> {
    let mut fills = BTreeMap::<Uuid, Fill>::new();
    for row in order_rows(reads, report_filter.span, COLUMNS, |part| fills_of(reads, report_filter, (group, hours), part)).await?
    {
        let row = Row::new(&row).record::<FillRow>()?;
        fills.entry(row.key).or_default().join(&Fill {
            ordered_units: row.ordered_units.into(),
            shipped_units: row.shipped_units.into(),
            lines: row.lines,
            whole_lines: row.whole_lines,
            orders: row.orders,
            whole_orders: row.whole_orders,
        });
    }
    Ok(fills)
}

/// The statement of units that left in time, of a part of the orders, and its values. SQLite reads
/// all lines in the order of the index that finds their orders, and need not sort them. Postgres
/// would hash the lines of both parts for each part: it sums the lines order by order instead, as
/// they are stored.
fn fills_of(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    (group, hours): (FulfilmentGroup, i64),
    part: Option<IdRange>,
) -> (String, Vec<Value>) {
    let mut bound = SqlParameters::of(reads, report_filter);
    let time_limit = bound.bind(hours * HOUR_MICROS);
    let orders = format!("{}{}", bound.of_orders(report_filter), bound.of_part(part));
    // Fulfilments that shipped a line too late: the other units that left were handed over with the
    // order, or left in time.
    let late_condition = format!(
        "f.order_id = o.id AND f.status IN ('SHIPPED', 'DELIVERED')
         AND f.shipped_at > coalesce((SELECT d.requested_for FROM order_detail d
           WHERE d.tenant_id = $1 AND d.order_id = o.id AND d.requested_for > o.placed_at), o.placed_at + {time_limit})
         AND k.fulfilment_id = f.id"
    );
    let lines = format!(
        "l.order_id = o.id AND l.product_id IS NOT NULL AND l.stock_policy <> 'UNTRACKED' AND l.quantity > l.cancelled{}",
        SqlParameters::of_products(report_filter, "l.product_id")
    );
    let (key, ordered, in_time) =
        (group.column(), "l.quantity - l.cancelled AS ordered", "l.fulfilled - coalesce(s.later, 0) AS left_in_time");
    let sums = "count(*) AS lines, sum(t.ordered) AS ordered,
       sum(CASE WHEN t.left_in_time < t.ordered THEN t.left_in_time ELSE t.ordered END) AS shipped,
       sum(CASE WHEN t.left_in_time >= t.ordered THEN 1 ELSE 0 END) AS whole";
    let order_fills = match reads.backend() {
        Backend::Sqlite => format!(
            "SELECT t.grp, {sums} FROM (
               SELECT {key} AS grp, o.placed_at, o.id AS order_id, {ordered}, {in_time}
               FROM sales_order o CROSS JOIN order_line l LEFT JOIN (
                 SELECT f.order_id, k.order_position, CAST(sum(k.quantity) AS bigint) AS later
                 FROM sales_order o CROSS JOIN fulfilment f CROSS JOIN fulfilment_line k
                 WHERE o.tenant_id = $1 AND f.tenant_id = $1 AND k.tenant_id = $1 AND {orders} AND {late_condition}
                 GROUP BY f.order_id, k.order_position) s ON s.order_id = l.order_id AND s.order_position = l.position
               WHERE o.tenant_id = $1 AND l.tenant_id = $1 AND {orders} AND {lines}) t
             GROUP BY t.placed_at, t.order_id"
        ),
        Backend::Postgres => format!(
            "SELECT {key} AS grp, x.* FROM sales_order o CROSS JOIN LATERAL (
               SELECT {sums} FROM (
                 SELECT {ordered}, {in_time} FROM order_line l LEFT JOIN (
                   SELECT k.order_position, CAST(sum(k.quantity) AS bigint) AS later FROM fulfilment f CROSS JOIN fulfilment_line k
                   WHERE f.tenant_id = $1 AND k.tenant_id = $1 AND {late_condition} GROUP BY k.order_position) s ON s.order_position = l.position
                 WHERE l.tenant_id = $1 AND {lines}) t HAVING count(*) > 0) x
             WHERE o.tenant_id = $1 AND {orders}"
        ),
    };
    let sql = format!("SELECT {} FROM ({order_fills}) g GROUP BY g.grp ORDER BY g.grp", FillRow::SELECT);
    (sql, bound.values)
}

/// Hours from each order to each of its fulfilments that left, by group.
pub async fn fulfilment_hours(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    group: FulfilmentGroup,
) -> Result<Vec<(Uuid, f64)>, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let orders = bound.of_orders(report_filter);
    let conditions = report_filter.products.on("k.product_id").map(|product_condition| {
        format!(
            " AND EXISTS (SELECT 1 FROM order_line k WHERE k.tenant_id = $1 AND k.order_id = o.id AND {product_condition}
               AND EXISTS (SELECT 1 FROM fulfilment_line q WHERE q.tenant_id = $1 AND q.fulfilment_id = f.id AND q.order_position = k.position))"
        )
    });
    let sql = format!(
        "SELECT {select} FROM (
           SELECT {key} AS grp, f.shipped_at - o.placed_at AS micros FROM sales_order o CROSS JOIN fulfilment f
           WHERE o.tenant_id = $1 AND {orders} AND f.tenant_id = $1 AND f.order_id = o.id AND f.shipped_at IS NOT NULL AND f.status IN ('SHIPPED', 'DELIVERED'){conditions}) g",
        select = HoursRow::SELECT,
        key = group.column(),
        conditions = conditions.unwrap_or_default()
    );
    let rows = reads.records::<HoursRow>(&sql, bound.values).await?;
    Ok(rows.into_iter().map(|row| (row.key, row.micros.max(0) as f64 / HOUR_MICROS as f64)).collect())
}
