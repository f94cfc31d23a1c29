//! Candidates for bundles: products that are in orders with others, and the best sellers of their
//! category.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::storage::{Fault, Finds, Reads};

use crate::{
    demand::rows::CURRENT,
    reports::{
        core::{MAX_LINES, MIN_PAIR_ORDERS},
        rows::SOLD,
    },
};

/// Orders with both products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct PairCount {
    #[record(sql = "a.product_id")]
    pub product: ProductId,
    #[record(sql = "b.product_id")]
    pub partner: ProductId,
    #[record(sql = "CAST(count(DISTINCT o.id) AS bigint)")]
    pub together: i64,
}

#[derive(Record)]
struct OrdersRow {
    #[record(sql = "l.product_id")]
    product: ProductId,
    #[record(sql = "CAST(count(DISTINCT o.id) AS bigint)")]
    orders: i64,
}

#[derive(Record)]
struct CountRow {
    #[record(sql = "CAST(count(*) AS bigint)")]
    orders: i64,
}

/// Units of a product of a category that were sold, in its smallest units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct SoldInCategory {
    #[record(sql = "p.category_id")]
    pub category: CategoryId,
    #[record(sql = "p.id")]
    pub product: ProductId,
    #[record(sql = "CAST(sum(w.ordered_units - w.cancelled_units) AS bigint)")]
    pub units: i64,
}

/// A product that is sold at a price, and can be part of a kit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct PartnerFacts {
    #[record(sql = "p.id")]
    pub id: ProductId,
    #[record(sql = "p.unit_decimals")]
    pub unit_decimals: i32,
    #[record(sql = "p.price_minor")]
    pub price: i64,
}

/// Sold orders since a moment.
pub async fn orders_since(reads: &impl Reads, since: Timestamp) -> Result<i64, Fault> {
    let sql = format!("SELECT {} FROM sales_order o WHERE o.tenant_id = $1 AND {SOLD} AND o.placed_at >= $2", CountRow::SELECT);
    let rows = reads.records::<CountRow>(&sql, vec![since.micros().into()]).await?;
    Ok(rows.first().map_or(0, |row| row.orders))
}

/// Sold orders with each of the products since a moment.
pub async fn orders_of(reads: &impl Reads, products: &[ProductId], since: Timestamp) -> Result<HashMap<ProductId, i64>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM order_line l JOIN sales_order o ON o.tenant_id = $1 AND o.id = l.order_id
         WHERE l.tenant_id = $1 AND {} AND l.quantity > l.cancelled AND {SOLD} AND o.placed_at >= $3 GROUP BY l.product_id",
        OrdersRow::SELECT,
        backend.in_ids("l.product_id", 2)
    );
    let values = vec![backend.ids(products.iter().copied()), since.micros().into()];
    let rows = reads.records::<OrdersRow>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| (row.product, row.orders)).collect())
}

/// Pairs of the products with others, in ten sold orders or more since a moment; orders of more than 100 lines are wholesale and left out.
pub async fn pairs(reads: &impl Reads, products: &[ProductId], since: Timestamp) -> Result<Vec<PairCount>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM order_line a JOIN sales_order o ON o.tenant_id = $1 AND o.id = a.order_id
         JOIN order_line b ON b.tenant_id = $1 AND b.order_id = a.order_id AND b.product_id <> a.product_id AND b.quantity > b.cancelled
         WHERE a.tenant_id = $1 AND {of} AND a.quantity > a.cancelled AND {SOLD} AND o.placed_at >= $3
           AND (SELECT count(*) FROM order_line k WHERE k.tenant_id = $1 AND k.order_id = o.id AND k.product_id IS NOT NULL) <= {MAX_LINES}
         GROUP BY a.product_id, b.product_id HAVING count(DISTINCT o.id) >= {MIN_PAIR_ORDERS} ORDER BY a.product_id, b.product_id",
        select = PairCount::SELECT,
        of = backend.in_ids("a.product_id", 2)
    );
    reads.records(&sql, vec![backend.ids(products.iter().copied()), since.micros().into()]).await
}

/// Returns the sales of categories since a Monday, for each category the product with the most
/// units first.
pub async fn best_sellers(reads: &impl Reads, categories: &[CategoryId], since: i32) -> Result<Vec<SoldInCategory>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM demand_week w JOIN product p ON p.tenant_id = $1 AND p.id = w.product_id
         WHERE w.tenant_id = $1 AND w.generation = {CURRENT} AND w.week_date >= $3 AND {} GROUP BY p.category_id, p.id
         HAVING sum(w.ordered_units - w.cancelled_units) > 0 ORDER BY 1, 3 DESC, 2",
        SoldInCategory::SELECT,
        backend.in_ids("p.category_id", 2)
    );
    reads.records(&sql, vec![backend.ids(categories.iter().copied()), i64::from(since).into()]).await
}

/// Facts of those products that are on sale at a price in the currency, and that a kit can contain.
pub async fn partner_facts(reads: &impl Reads, products: &[ProductId], currency: Currency) -> Result<Vec<PartnerFacts>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND {} AND p.status = 'ACTIVE' AND p.stock_policy <> 'UNTRACKED' AND p.is_kit = 0
           AND p.price_minor > 0 AND p.price_currency = $3 ORDER BY p.id",
        PartnerFacts::SELECT,
        backend.in_ids("p.id", 2)
    );
    reads.records(&sql, vec![backend.ids(products.iter().copied()), currency.as_str().into()]).await
}
