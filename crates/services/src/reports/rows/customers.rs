//! Orders of customers. Nothing personal is read: no name, no address.

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use inventory::catalog::rows::merge::{join_merged_customers, survivor_of};
use platform::storage::{Backend, Fault, Finds, Reads, Row};

use super::narrow::{RECEIVED_RETURN, ReportFilter, SOLD, SqlParameters, moments};
use crate::reports::core::FirstOrders;

/// Orders and refunds of a customer on the days of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct CustomerSales {
    #[record(sql = "g.customer_id")]
    pub customer: CustomerId,
    #[record(sql = "g.orders")]
    pub orders: i64,
    #[record(sql = "g.last_day")]
    pub last_day: i32,
    #[record(sql = "g.gross")]
    pub gross: i64,
    #[record(sql = "coalesce(b.refunds, 0)")]
    pub refunds: i64,
}

#[derive(Record)]
struct FirstRow {
    #[record(sql = "CAST(min(CASE WHEN q.nth = 1 THEN q.day END) AS integer)")]
    first: i32,
    #[record(sql = "CAST(min(CASE WHEN q.nth = 2 THEN q.day END) AS integer)")]
    second: Option<i32>,
}

/// A condition that an order was not returned as a whole: some of its units, or of the requested
/// products, stayed with the buyer.
fn kept_goods_condition(report_filter: &ReportFilter) -> String {
    format!(
        "EXISTS (SELECT 1 FROM order_line k WHERE k.tenant_id = $1 AND k.order_id = o.id AND k.product_id IS NOT NULL
         AND k.quantity > k.cancelled + k.returned{})",
        SqlParameters::of_products(report_filter, "k.product_id")
    )
}

/// The channel of a return `r`: its own, or else that of the first order line that it was matched with, as in the sales report.
const RETURN_CHANNEL: &str = "coalesce(r.channel_id, (SELECT s.channel_id FROM return_match x
    JOIN sales_order s ON s.tenant_id = $1 AND s.id = x.order_id
    WHERE x.tenant_id = $1 AND x.return_id = r.id ORDER BY x.return_position, x.order_id, x.order_position LIMIT 1))";

/// Returns the expression for the refund of the products of a return `v`. For some products it is
/// the value of their received units; for all products it is the refund of a closed return without
/// its part for charges, as in `ClosedReturn::corrections`.
fn refund_sql(report_filter: &ReportFilter) -> String {
    if !SqlParameters::of_products(report_filter, "l.product_id").is_empty() {
        return "v.goods".to_owned();
    }
    let fee = "CASE WHEN v.charges >= 0 THEN 0 WHEN v.charges < -v.whole THEN -v.whole ELSE v.charges END";
    let credit = "CASE WHEN v.charges > 0 THEN v.charges ELSE 0 END";
    format!(
        "CASE WHEN v.whole IS NULL OR (v.whole = v.listed AND v.all_came = 1) THEN v.goods WHEN v.has_goods = 0 THEN 0
           WHEN v.whole - v.goods < {fee} THEN v.whole - {fee} WHEN v.whole - v.goods > {credit} THEN v.whole - {credit} ELSE v.goods END"
    )
}

/// The returns of the days in one currency, whose parameter is `money`, with the received units of
/// their products and charges. Units that were not received count like cancelled ones: not at all.
fn returns_sql(bound: &mut SqlParameters, report_filter: &ReportFilter, money: &str) -> String {
    let [since, until] = moments(report_filter.span).map(|at| bound.bind(at));
    let (from, to) = (bound.bind(i64::from(report_filter.span.from)), bound.bind(i64::from(report_filter.span.to)));
    let (stores, channels) = (bound.of_stores(report_filter, "r.store_id"), bound.of_channels(report_filter, RETURN_CHANNEL));
    let value = amount("(l.quantity - l.received)");
    format!(
        "SELECT r.customer_id, r.refund_minor AS listed, r.refunded_minor AS whole,
           sum(CASE WHEN l.product_id IS NULL THEN 0 ELSE {value} END) AS goods,
           sum(CASE WHEN l.product_id IS NULL THEN {value} ELSE 0 END) AS charges,
           max(CASE WHEN l.product_id IS NOT NULL AND l.received > 0 THEN 1 ELSE 0 END) AS has_goods,
           min(CASE WHEN l.received < l.quantity THEN 0 ELSE 1 END) AS all_came
         FROM sales_return r CROSS JOIN return_line l
         WHERE r.tenant_id = $1 AND {RECEIVED_RETURN} AND r.occurred_at >= {since} AND r.occurred_at < {until} AND r.business_date >= {from}
           AND r.business_date <= {to} AND r.customer_id IS NOT NULL AND r.currency = {money}{stores}{channels}
           AND l.tenant_id = $1 AND l.return_id = r.id{conditions}
         GROUP BY r.id, r.customer_id, r.refund_minor, r.refunded_minor",
        conditions = SqlParameters::of_products(report_filter, "l.product_id")
    )
}

/// Returns the expression for the rest of a line's total after cancellation, by quantity, rounded
/// half away from zero, as salesReport has it. Whole totals of a smallest unit are multiplied
/// separately from the remainder, so that no product exceeds 64 bits. Lines of more than 2^31
/// smallest units are in floating point, exact to a minor unit.
fn amount(cancelled: &str) -> String {
    format!(
        "CASE WHEN {cancelled} = 0 THEN l.total_minor WHEN l.quantity <= 2147483647
           THEN l.total_minor / l.quantity * (l.quantity - {cancelled}) + (l.total_minor % l.quantity * (l.quantity - {cancelled})
             + CASE WHEN l.total_minor < 0 THEN -(l.quantity / 2) ELSE l.quantity / 2 END) / l.quantity
           ELSE CAST(round(CAST(l.total_minor AS double precision) * (l.quantity - {cancelled}) / l.quantity) AS bigint) END"
    )
}

/// Customers with an order that was not returned as a whole, in one currency: the number of these
/// orders, the last day of one, and the revenue of products. An order that was returned as a whole
/// is not counted, but its revenue is, as it is among the refunds. Lines are summed by order first,
/// which determines for each order whether it counts.
pub async fn customer_sales(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    currency: Currency,
) -> Result<Vec<CustomerSales>, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let money = bound.bind(currency.as_str());
    let orders = bound.of_orders(report_filter);
    let returns = returns_sql(&mut bound, report_filter, &money);
    let product_conditions = SqlParameters::of_products(report_filter, "l.product_id");
    // In the order of their index, orders need no sort; Postgres requires all selected columns of
    // an order.
    let order_sums = match reads.backend() {
        Backend::Sqlite => "o.placed_at, o.id",
        Backend::Postgres => "o.placed_at, o.id, o.customer_id, o.business_date",
    };
    let sql = format!(
        "SELECT {select} FROM (
           SELECT {customer} AS customer_id, CAST(sum(d.stayed) AS bigint) AS orders,
             CAST(max(CASE WHEN d.stayed = 1 THEN d.business_date END) AS integer) AS last_day, CAST(sum(d.gross) AS bigint) AS gross
           FROM (
             SELECT o.customer_id, o.business_date, CAST(sum({amount}) AS bigint) AS gross,
               max(CASE WHEN l.quantity > l.cancelled + l.returned THEN 1 ELSE 0 END) AS stayed
             FROM sales_order o CROSS JOIN order_line l
             WHERE {orders} AND o.customer_id IS NOT NULL AND o.currency = {money}
               AND l.tenant_id = $1 AND l.order_id = o.id AND l.product_id IS NOT NULL AND l.quantity > l.cancelled{product_conditions}
             GROUP BY {order_sums}) d {merged}
           GROUP BY {customer} HAVING sum(d.stayed) > 0) g
         LEFT JOIN (
           SELECT {returned} AS customer_id, CAST(sum({refunded}) AS bigint) AS refunds FROM ({returns}) v {merged_returns}
           GROUP BY {returned}) b ON b.customer_id = g.customer_id
         ORDER BY g.customer_id",
        select = CustomerSales::SELECT,
        customer = survivor_of("d.customer_id"),
        amount = amount("l.cancelled"),
        merged = join_merged_customers("d.customer_id"),
        returned = survivor_of("v.customer_id"),
        refunded = refund_sql(report_filter),
        merged_returns = join_merged_customers("v.customer_id")
    );
    reads.records(&sql, bound.values).await
}

/// Orders without a customer.
pub async fn guest_orders(reads: &impl Reads, report_filter: &ReportFilter) -> Result<i64, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let orders = bound.of_orders(report_filter);
    let stayed = if report_filter.products.sql.is_empty() { "TRUE".to_owned() } else { kept_goods_condition(report_filter) };
    let sql = format!("SELECT count(*) FROM sales_order o WHERE {orders} AND o.customer_id IS NULL AND {stayed}");
    let rows = reads.rows(&sql, bound.values).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

/// The first and the second order ever of customers whose first one was placed on the days of
/// `report_filter`. Orders that were returned as a whole do not count.
pub async fn first_orders(reads: &impl Reads, report_filter: &ReportFilter) -> Result<Vec<FirstOrders>, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let (from, to) = (bound.bind(i64::from(report_filter.span.from)), bound.bind(i64::from(report_filter.span.to)));
    let (stores, channels) = (bound.of_stores(report_filter, "o.store_id"), bound.of_channels(report_filter, "o.channel_id"));
    let stayed = kept_goods_condition(report_filter);
    let sql = format!(
        "SELECT {select} FROM (
           SELECT {customer} AS customer_id, o.business_date AS day,
             row_number() OVER (PARTITION BY {customer} ORDER BY o.placed_at, o.id) AS nth
           FROM sales_order o {merged} WHERE o.tenant_id = $1 AND o.customer_id IS NOT NULL AND {SOLD} AND {stayed}{stores}{channels}) q
         WHERE q.nth <= 2 GROUP BY q.customer_id
         HAVING min(CASE WHEN q.nth = 1 THEN q.day END) >= {from} AND min(CASE WHEN q.nth = 1 THEN q.day END) <= {to}
         ORDER BY q.customer_id",
        select = FirstRow::SELECT,
        customer = survivor_of("o.customer_id"),
        merged = join_merged_customers("o.customer_id")
    );
    let first = |row: FirstRow| FirstOrders { first: row.first, second: row.second };
    Ok(reads.records::<FirstRow>(&sql, bound.values).await?.into_iter().map(first).collect())
}
