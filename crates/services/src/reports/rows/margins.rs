//! Revenue and cost by channel, store, category or product.

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::storage::{Fault, Finds, Reads};
use uuid::Uuid;

use super::narrow::{ReportFilter, SqlParameters};
use crate::demand::rows::UNTAXED;

/// Grouping of the report's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MarginGroup {
    Channel,
    Store,
    Category,
    Product,
}

/// Sums of a group: minor units of one currency, smallest units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct GroupMargin {
    #[record(sql = "g.grp")]
    pub key: Option<Uuid>,
    #[record(sql = "CAST(sum(g.units) AS bigint)")]
    pub units: i64,
    #[record(sql = "CAST(sum(g.gross) AS bigint)")]
    pub gross: i64,
    /// Gross revenue without tax.
    #[record(sql = "CAST(sum(g.untaxed) AS bigint)")]
    pub untaxed: i64,
    #[record(sql = "CAST(sum(g.discounts) AS bigint)")]
    pub discounts: i64,
    #[record(sql = "CAST(sum(g.refunds) AS bigint)")]
    pub refunds: i64,
    #[record(sql = "CAST(sum(g.cost) AS bigint)")]
    pub cost: i64,
}

/// Sums of days by group, of sales and returns. Stock that moved without a document has no channel
/// and no amounts.
pub async fn margins(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    group: MarginGroup,
    currency: Currency,
) -> Result<Vec<GroupMargin>, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let (money, days) = (bound.bind(currency.as_str()), bound.of_days(report_filter));
    let key = match group {
        MarginGroup::Channel => "d.channel_id",
        MarginGroup::Store => "d.store_id",
        MarginGroup::Product | MarginGroup::Category => "d.product_id",
    };
    let days = format!(
        "SELECT {key} AS grp, d.ordered_units - d.cancelled_units AS units, d.gross_minor AS gross, {UNTAXED} AS untaxed,
           d.discount_minor AS discounts, d.refund_minor AS refunds, d.cost_minor AS cost
         FROM demand_day d WHERE {days} AND d.currency = {money}{only}
           AND (d.ordered_units <> 0 OR d.returned_units <> 0 OR d.gross_minor <> 0 OR d.refund_minor <> 0)",
        only = SqlParameters::of_products(report_filter, "d.product_id")
    );
    // The category is looked up once for each product, not for each of its days.
    let groups = if group == MarginGroup::Category { of_categories(&days) } else { days };
    let sql = format!("SELECT {select} FROM ({groups}) g GROUP BY g.grp ORDER BY g.grp", select = GroupMargin::SELECT);
    reads.records(&sql, bound.values).await
}

/// Sums of products, each with its category as its group.
fn of_categories(days: &str) -> String {
    format!(
        "SELECT p.category_id AS grp, q.units, q.gross, q.untaxed, q.discounts, q.refunds, q.cost FROM (
           SELECT d.grp, CAST(sum(d.units) AS bigint) AS units, CAST(sum(d.gross) AS bigint) AS gross,
             CAST(sum(d.untaxed) AS bigint) AS untaxed, CAST(sum(d.discounts) AS bigint) AS discounts, CAST(sum(d.refunds) AS bigint) AS refunds, CAST(sum(d.cost) AS bigint) AS cost
           FROM ({days}) d GROUP BY d.grp) q
         JOIN product p ON p.tenant_id = $1 AND p.id = q.grp"
    )
}
