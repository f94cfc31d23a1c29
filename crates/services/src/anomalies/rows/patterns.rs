//! Data for the detection of patterns: lines of orders, counts, and levels.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{order_line, product, sales_order, stock_level, store},
};
use platform::{
    clock::local_day,
    storage::{Fault, Finds, Reads},
};
use sea_orm::Value;

use super::{facts::money, people::Span};
use crate::{
    anomalies::core::{BelowCostLine, CountDifferences, PlacedItem, PlacedOrder, UnmovedStock},
    insight::core::SoldLine,
};

const DAY: i64 = 86_400_000_000;
/// Maximum lines, counts and orders of one read: the newest ones.
const MAX: usize = 10_000;
/// Days of counts that are read.
const COUNT_DAYS: i32 = 400;
/// Maximum levels that are flagged as unmoved at once: those of the highest value.
const MAX_STILL: usize = 500;
/// Condition of sold orders.
const IS_SOLD: &str = "o.status IN ('CONFIRMED', 'PARTIALLY_FULFILLED', 'FULFILLED', 'CLOSED')";

#[derive(Record)]
struct BelowCostRow {
    #[record(of = sales_order, alias = "o")]
    business_date: i32,
    #[record(of = sales_order, alias = "o")]
    store_id: StoreId,
    #[record(of = sales_order, alias = "o")]
    currency: String,
    #[record(sql = "l.product_id")]
    product_id: ProductId,
    #[record(of = order_line, alias = "l")]
    quantity: Quantity,
    #[record(of = order_line, alias = "l")]
    cancelled: Quantity,
    #[record(of = order_line, alias = "l")]
    total_minor: i64,
    #[record(of = order_line, alias = "l")]
    tax_minor: i64,
    #[record(sql = "l.unit_cost_minor")]
    unit_cost: i64,
    #[record(of = order_line, alias = "l")]
    unit_decimals: i32,
}

/// Ten to the power of the decimals of a line's unit.
const SCALE: &str =
    "CASE l.unit_decimals WHEN 0 THEN 1 WHEN 1 THEN 10 WHEN 2 THEN 100 WHEN 3 THEN 1000 WHEN 4 THEN 10000 WHEN 5 THEN 100000
    WHEN 6 THEN 1000000 WHEN 7 THEN 10000000 WHEN 8 THEN 100000000 ELSE 1000000000 END";

/// Lines of sold orders whose total is below their cost. Lines that were only discounted are left
/// out: a sale has more of them than are read at once.
pub async fn below_cost_lines(reads: &impl Reads, span: Span<'_>) -> Result<Vec<BelowCostLine>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM sales_order o JOIN order_line l ON l.tenant_id = $1 AND l.order_id = o.id
         WHERE {} AND {IS_SOLD} AND l.product_id IS NOT NULL AND l.quantity > l.cancelled
           AND CAST(l.total_minor - l.tax_minor AS double precision) * {SCALE} < CAST(l.unit_cost_minor AS double precision) * l.quantity
         ORDER BY o.placed_at DESC, l.order_id, l.position LIMIT {MAX}",
        BelowCostRow::SELECT,
        Span::condition(backend, "o", "placed_at")
    );
    let line = |row: BelowCostRow| {
        let line = SoldLine {
            quantity: row.quantity.get(),
            cancelled: row.cancelled.get(),
            total: row.total_minor.saturating_sub(row.tax_minor),
            unit_cost: row.unit_cost,
            decimals: u8::try_from(row.unit_decimals).ok()?,
        };
        let (date, store, product) = (row.business_date, row.store_id, row.product_id);
        Some(BelowCostLine { date, store, product, line, currency: Currency::parse(&row.currency)? })
    };
    let rows = reads.records::<BelowCostRow>(&sql, span.values(backend)).await?;
    Ok(rows.into_iter().filter_map(line).collect())
}

#[derive(Record)]
struct CountRow {
    #[record(sql = "c.store_id")]
    store_id: StoreId,
    #[record(sql = "l.product_id")]
    product_id: ProductId,
    #[record(sql = "c.completed_at")]
    completed_at: Timestamp,
    #[record(of = store, alias = "s")]
    time_zone: String,
    #[record(of = product, alias = "p")]
    unit_decimals: i32,
    #[record(of = product, alias = "p")]
    cost_minor: Option<i64>,
    #[record(of = product, alias = "p")]
    cost_currency: Option<String>,
    #[record(sql = "CAST(sum(CASE WHEN l.reversed_at IS NULL THEN coalesce(l.posted, 0) ELSE 0 END) AS bigint)")]
    difference: i64,
}

/// Counts of products that lacked units in a count of the span, each with the counts before it.
pub async fn count_differences(reads: &impl Reads, span: Span<'_>) -> Result<Vec<CountDifferences>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM stock_count c JOIN count_line l ON l.tenant_id = $1 AND l.count_id = c.id AND l.counted IS NOT NULL
         JOIN store s ON s.tenant_id = $1 AND s.id = c.store_id JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
         WHERE c.tenant_id = $1 AND {} AND c.status = 'COMPLETED' AND c.completed_at >= $3
           AND EXISTS (SELECT 1 FROM stock_count n JOIN count_line m ON m.tenant_id = $1 AND m.count_id = n.id
             WHERE n.tenant_id = $1 AND n.store_id = c.store_id AND n.status = 'COMPLETED' AND n.completed_at >= $4
               AND m.product_id = l.product_id AND m.posted < 0)
         GROUP BY c.store_id, l.product_id, c.id, c.completed_at, s.time_zone, p.unit_decimals, p.cost_minor, p.cost_currency
         ORDER BY c.completed_at DESC, c.id, l.product_id LIMIT {MAX}",
        CountRow::SELECT,
        backend.in_ids("c.store_id", 2)
    );
    let since = |day: i32| Value::from((i64::from(day) - 1) * DAY);
    let values = vec![backend.ids(span.stores.iter().copied()), since(span.from - COUNT_DAYS), since(span.from)];
    let mut counts: Vec<CountDifferences> = Vec::new();
    let mut index_by_product: HashMap<(StoreId, ProductId), usize> = HashMap::new();
    for row in reads.records::<CountRow>(&sql, values).await? {
        let date = local_day(row.completed_at, &row.time_zone);
        // Today's counts are judged tomorrow.
        if date > span.to {
            continue;
        }
        let index = *index_by_product.entry((row.store_id, row.product_id)).or_insert_with(|| {
            let (store, product, decimals) = (row.store_id, row.product_id, row.unit_decimals);
            let cost = money(row.cost_minor, row.cost_currency.as_deref());
            counts.push(CountDifferences { store, product, date, decimals, differences: Vec::new(), cost });
            counts.len() - 1
        });
        counts[index].differences.push(row.difference);
    }
    counts.retain(|product_counts| product_counts.date >= span.from);
    Ok(counts)
}

#[derive(Record)]
struct OrderRow {
    #[record(of = sales_order, alias = "o")]
    id: OrderId,
    #[record(of = sales_order, alias = "o")]
    store_id: StoreId,
    #[record(sql = "o.customer_id")]
    customer_id: CustomerId,
    #[record(of = sales_order, alias = "o")]
    business_date: i32,
    #[record(of = sales_order, alias = "o")]
    placed_at: Timestamp,
    #[record(of = sales_order, alias = "o")]
    currency: String,
    #[record(of = sales_order, alias = "o")]
    total_minor: i64,
}

#[derive(Record)]
#[record(of = order_line, alias = "l")]
struct ItemRow {
    order_id: OrderId,
    product_id: Option<ProductId>,
    sku: String,
    quantity: Quantity,
    unit_price_minor: i64,
    unit_decimals: i32,
}

/// Orders of customers who placed another order of the same total, by time.
pub async fn repeated_orders(reads: &impl Reads, span: Span<'_>) -> Result<Vec<PlacedOrder>, Fault> {
    let backend = reads.backend();
    let of_span = format!(
        "{} AND o.customer_id IS NOT NULL AND o.status NOT IN ('DRAFT', 'CANCELLED', 'EXPIRED')",
        Span::condition(backend, "o", "placed_at")
    );
    let sql = format!(
        "SELECT {} FROM sales_order o JOIN (SELECT o.store_id, o.customer_id, o.currency, o.total_minor FROM sales_order o WHERE {of_span}
           GROUP BY o.store_id, o.customer_id, o.currency, o.total_minor HAVING count(*) > 1) g
           ON g.store_id = o.store_id AND g.customer_id = o.customer_id AND g.currency = o.currency AND g.total_minor = o.total_minor
         WHERE {of_span} ORDER BY o.placed_at DESC, o.id DESC LIMIT {MAX}",
        OrderRow::SELECT
    );
    let mut rows = reads.records::<OrderRow>(&sql, span.values(backend)).await?;
    rows.reverse();
    let mut lines = items(reads, &rows).await?;
    let order = |row: OrderRow| {
        let mut order_items = lines.remove(&row.id).unwrap_or_default();
        order_items.sort_unstable();
        let total = Money::new(row.total_minor, Currency::parse(&row.currency)?);
        let (id, store, customer, date) = (row.id, row.store_id, row.customer_id, row.business_date);
        Some(PlacedOrder { id, store, customer, date, placed_at: row.placed_at, total, lines: order_items })
    };
    Ok(rows.into_iter().filter_map(order).collect())
}

async fn items(reads: &impl Reads, orders: &[OrderRow]) -> Result<HashMap<OrderId, Vec<PlacedItem>>, Fault> {
    let mut lines: HashMap<OrderId, Vec<PlacedItem>> = HashMap::with_capacity(orders.len());
    if orders.is_empty() {
        return Ok(lines);
    }
    let backend = reads.backend();
    let condition = backend.in_ids("l.order_id", 2);
    let sql = format!("SELECT {} FROM order_line l WHERE l.tenant_id = $1 AND {condition}", ItemRow::SELECT);
    for row in reads.records::<ItemRow>(&sql, vec![backend.ids(orders.iter().map(|order| order.id))]).await? {
        lines.entry(row.order_id).or_default().push(PlacedItem {
            product: row.product_id,
            sku: row.sku,
            quantity: row.quantity.get(),
            unit_price: row.unit_price_minor,
            decimals: row.unit_decimals,
        });
    }
    Ok(lines)
}

#[derive(Record)]
struct UnmovedRow {
    #[record(of = stock_level, alias = "k")]
    store_id: StoreId,
    #[record(of = stock_level, alias = "k")]
    product_id: ProductId,
    #[record(of = stock_level, alias = "k")]
    on_hand: Quantity,
    #[record(of = stock_level, alias = "k")]
    last_occurred_at: Timestamp,
    #[record(of = store, alias = "s")]
    time_zone: String,
    #[record(of = product, alias = "p")]
    unit_decimals: i32,
    #[record(of = product, alias = "p")]
    cost_minor: Option<i64>,
    #[record(of = product, alias = "p")]
    cost_currency: Option<String>,
}

/// Levels with stock that has neither moved nor been counted in the `days` days
/// up to `to`.
pub async fn unmoved_stock(reads: &impl Reads, stores: &[StoreId], to: i32, days: i32) -> Result<Vec<UnmovedStock>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM stock_level k JOIN store s ON s.tenant_id = $1 AND s.id = k.store_id JOIN product p ON p.tenant_id = $1 AND p.id = k.product_id
         WHERE k.tenant_id = $1 AND {} AND k.on_hand > 0 AND k.last_occurred_at < $3 AND (k.counted_at IS NULL OR k.counted_at < $3)
           AND p.status <> 'ARCHIVED'
         ORDER BY CAST(k.on_hand AS double precision) * coalesce(p.cost_minor, 0) DESC, k.store_id, k.product_id LIMIT {MAX_STILL}",
        UnmovedRow::SELECT,
        backend.in_ids("k.store_id", 2)
    );
    let last = to - days;
    // A day ends at another moment in each zone.
    let before = (i64::from(last) + 2) * DAY;
    let rows = reads.records::<UnmovedRow>(&sql, vec![backend.ids(stores.iter().copied()), before.into()]).await?;
    let stock = rows.into_iter().map(|row| UnmovedStock {
        store: row.store_id,
        product: row.product_id,
        on_hand: row.on_hand.get(),
        decimals: row.unit_decimals,
        moved: local_day(row.last_occurred_at, &row.time_zone),
        cost: money(row.cost_minor, row.cost_currency.as_deref()),
    });
    Ok(stock.filter(|stock| stock.moved <= last).collect())
}
