//! Orders of customers. Nothing personal is read: no name, no address.

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::storage::{Backend, Fault, Finds, Reads, Row};

use super::narrow::{Bound, CAME_BACK, DAY_MICROS, Narrow, SOLD};
use crate::reports::core::FirstOrders;

/// What a customer ordered on the days of the narrowing, and got back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct Ordered {
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

/// An order that did not come back whole: something of it, or of the products that are asked for, stayed with its buyer.
fn stayed(narrow: &Narrow) -> String {
    format!(
        "EXISTS (SELECT 1 FROM order_line k WHERE k.tenant_id = $1 AND k.order_id = o.id AND k.product_id IS NOT NULL
         AND k.quantity > k.cancelled + k.returned{})",
        Bound::of_products(narrow, "k.product_id")
    )
}

/// What customers were refunded, and the lines of a return that it is of. Of some products it is the worth of what came back of them; of all products what was
/// given back for the whole return.
fn refunds(narrow: &Narrow) -> (String, String) {
    let of_products = Bound::of_products(narrow, "l.product_id");
    if of_products.is_empty() {
        return ("coalesce(r.refunded_minor, r.refund_minor)".to_owned(), String::new());
    }
    // What has not come counts like what was cancelled: not at all.
    let worth = AMOUNT.replace("l.cancelled", "(l.quantity - l.received)");
    (worth, format!("JOIN return_line l ON l.tenant_id = $1 AND l.return_id = r.id AND l.received > 0{of_products}"))
}

/// The customer of a document; of one that is merged the one that it is merged into.
fn survivor(alias: &str) -> String {
    format!("coalesce(m.merged_into, {alias}.customer_id)")
}

/// Joins the merged customers, of whom there are few, on alias `m`.
fn merged(alias: &str) -> String {
    format!("LEFT JOIN customer m ON m.tenant_id = $1 AND m.id = {alias}.customer_id AND m.merged_into IS NOT NULL")
}

/// What is left of a line's total, by quantity, rounded half away from zero, as salesReport has it. Totals and quantities whose product would leave 64 bits are
/// divided first.
const AMOUNT: &str = "CASE WHEN l.cancelled = 0 THEN l.total_minor WHEN l.total_minor > 17179869184 OR l.quantity > 268435456
    THEN l.total_minor / l.quantity * (l.quantity - l.cancelled)
    ELSE (l.total_minor * (l.quantity - l.cancelled) + l.quantity / 2) / l.quantity END";

/// Customers with an order that stayed, in one currency: orders, the last day, and revenue of products. Lines are summed by order first, which says of each
/// whether it stayed.
pub async fn ordered(reads: &impl Reads, narrow: &Narrow, currency: Currency) -> Result<Vec<Ordered>, Fault> {
    let mut bound = Bound::of(reads, narrow);
    let money = bound.mark(currency.as_str());
    let orders = bound.of_orders(narrow);
    let since = bound.mark((i64::from(narrow.span.from) - 1) * DAY_MICROS);
    let until = bound.mark((i64::from(narrow.span.to) + 2) * DAY_MICROS);
    let (from, to) = (bound.mark(i64::from(narrow.span.from)), bound.mark(i64::from(narrow.span.to)));
    let (stores, channels) = (bound.of_stores(narrow, "r.store_id"), bound.of_channels(narrow, "r.channel_id"));
    let of_products = Bound::of_products(narrow, "l.product_id");
    let (worth, lines) = refunds(narrow);
    // In the order of the index that finds them, orders need not be sorted; Postgres asks for all that is told of one.
    let each = match reads.backend() {
        Backend::Sqlite => "o.placed_at, o.id",
        Backend::Postgres => "o.placed_at, o.id, o.customer_id, o.business_date",
    };
    let sql = format!(
        "SELECT {select} FROM (
           SELECT {customer} AS customer_id, count(*) AS orders, CAST(max(d.business_date) AS integer) AS last_day,
             CAST(sum(d.gross) AS bigint) AS gross
           FROM (
             SELECT o.customer_id, o.business_date, CAST(sum({AMOUNT}) AS bigint) AS gross
             FROM sales_order o CROSS JOIN order_line l
             WHERE {orders} AND o.customer_id IS NOT NULL AND o.currency = {money}
               AND l.tenant_id = $1 AND l.order_id = o.id AND l.product_id IS NOT NULL AND l.quantity > l.cancelled{of_products}
             GROUP BY {each} HAVING max(CASE WHEN l.quantity > l.cancelled + l.returned THEN 1 ELSE 0 END) = 1) d {merged}
           GROUP BY {customer}) g
         LEFT JOIN (
           SELECT {returned} AS customer_id, CAST(sum({worth}) AS bigint) AS refunds
           FROM sales_return r {merged_returns} {lines}
           WHERE r.tenant_id = $1 AND {CAME_BACK} AND r.occurred_at >= {since} AND r.occurred_at < {until} AND r.business_date >= {from}
             AND r.business_date <= {to} AND r.customer_id IS NOT NULL AND r.currency = {money}{stores}{channels}
           GROUP BY {returned}) b ON b.customer_id = g.customer_id
         ORDER BY g.customer_id",
        select = Ordered::SELECT,
        customer = survivor("d"),
        merged = merged("d"),
        returned = survivor("r"),
        merged_returns = merged("r")
    );
    reads.records(&sql, bound.values).await
}

/// Orders of nobody who is known.
pub async fn guest_orders(reads: &impl Reads, narrow: &Narrow) -> Result<i64, Fault> {
    let mut bound = Bound::of(reads, narrow);
    let orders = bound.of_orders(narrow);
    let stayed = if narrow.products.sql.is_empty() { "TRUE".to_owned() } else { stayed(narrow) };
    let sql = format!("SELECT count(*) FROM sales_order o WHERE {orders} AND o.customer_id IS NULL AND {stayed}");
    let rows = reads.rows(&sql, bound.values).await?;
    rows.first().map_or(Ok(0), |row| Row::new(row).take())
}

/// The first and the second order ever of customers whose first one was placed on the days of the narrowing. Of an order that came back whole nobody is a customer.
pub async fn first_orders(reads: &impl Reads, narrow: &Narrow) -> Result<Vec<FirstOrders>, Fault> {
    let mut bound = Bound::of(reads, narrow);
    let (from, to) = (bound.mark(i64::from(narrow.span.from)), bound.mark(i64::from(narrow.span.to)));
    let (stores, channels) = (bound.of_stores(narrow, "o.store_id"), bound.of_channels(narrow, "o.channel_id"));
    let stayed = stayed(narrow);
    let sql = format!(
        "SELECT {select} FROM (
           SELECT {customer} AS customer_id, o.business_date AS day,
             row_number() OVER (PARTITION BY {customer} ORDER BY o.placed_at, o.id) AS nth
           FROM sales_order o {merged} WHERE o.tenant_id = $1 AND o.customer_id IS NOT NULL AND {SOLD} AND {stayed}{stores}{channels}) q
         WHERE q.nth <= 2 GROUP BY q.customer_id
         HAVING min(CASE WHEN q.nth = 1 THEN q.day END) >= {from} AND min(CASE WHEN q.nth = 1 THEN q.day END) <= {to}
         ORDER BY q.customer_id",
        select = FirstRow::SELECT,
        customer = survivor("o"),
        merged = merged("o")
    );
    let first = |row: FirstRow| FirstOrders { first: row.first, second: row.second };
    Ok(reads.records::<FirstRow>(&sql, bound.values).await?.into_iter().map(first).collect())
}
