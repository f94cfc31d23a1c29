//! Products of a store that can be counted, and those that are due.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{lot, lot_level, order_line, product, stock_level},
};
use platform::storage::{Fault, Finds, Reads};

use crate::counts::core::CountedLot;

#[derive(Record)]
#[record(of = product, alias = "p")]
struct ProductRow {
    id: ProductId,
    sku: String,
    name: String,
    unit_decimals: i32,
    tracking: Tracking,
}

#[derive(Record)]
struct LotAtStore {
    #[record(of = lot_level, alias = "v")]
    product_id: ProductId,
    #[record(of = lot, alias = "o")]
    id: LotId,
    #[record(of = lot, alias = "o")]
    code: String,
    #[record(of = lot, alias = "o")]
    code_key: String,
}

#[derive(Record)]
struct RevenueRow {
    #[record(of = order_line, alias = "l", not_null)]
    product_id: ProductId,
    #[record(sql = "CAST(sum(CASE WHEN l.cancelled = 0 THEN l.total_minor ELSE
           CAST(round(CAST(l.total_minor AS double precision) * (l.quantity - l.cancelled) / l.quantity) AS bigint) END) AS bigint)")]
    minor: i64,
}

#[derive(Record)]
struct PlannedRow {
    product: ProductRow,
    #[record(of = stock_level, alias = "l")]
    counted_at: Option<Timestamp>,
}

/// A product that can be counted in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countable {
    pub product: ProductId,
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    pub tracking: Tracking,
}

/// The stocked products of a store that have a level there, of one category if one is named (and those below it), by SKU; one more than `max_rows`.
pub async fn load_countable(
    reads: &impl Reads,
    store: StoreId,
    category: Option<CategoryId>,
    max_rows: usize,
) -> Result<Vec<Countable>, Fault> {
    let mut values = vec![store.into()];
    let (mut tree, mut category_condition) = ("", "");
    if let Some(category) = category {
        values.push(category.into());
        tree = "WITH RECURSIVE below (id) AS (SELECT g.id FROM category g WHERE g.tenant_id = $1 AND g.id = $3
                UNION SELECT g.id FROM below b JOIN category g ON g.tenant_id = $1 AND g.parent_id = b.id) ";
        category_condition = " AND p.category_id IN (SELECT id FROM below)";
    }
    let sql = format!(
        "{tree}SELECT {select} FROM stock_level l JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
         WHERE l.tenant_id = $1 AND l.store_id = $2 AND p.status <> 'ARCHIVED' AND p.stock_policy <> 'UNTRACKED'{category_condition}
         ORDER BY p.sku LIMIT {limit}",
        select = ProductRow::SELECT,
        limit = max_rows + 1
    );
    Ok(reads.records::<ProductRow>(&sql, values).await?.into_iter().map(Into::into).collect())
}

impl From<ProductRow> for Countable {
    fn from(row: ProductRow) -> Self {
        let (decimals, tracking) = (row.unit_decimals as u8, row.tracking);
        Self { product: row.id, sku: row.sku, name: row.name, decimals, tracking }
    }
}

/// The products of a count that are kept by lots.
pub async fn load_listed_products(reads: &impl Reads, count: CountId) -> Result<Vec<Countable>, Fault> {
    let sql = format!(
        "SELECT {select} FROM product p WHERE p.tenant_id = $1 AND p.tracking <> 'NONE'
         AND p.id IN (SELECT l.product_id FROM count_line l WHERE l.tenant_id = $1 AND l.count_id = $2) ORDER BY p.sku",
        select = ProductRow::SELECT
    );
    Ok(reads.records::<ProductRow>(&sql, vec![count.into()]).await?.into_iter().map(Into::into).collect())
}

/// Returns the lots of these products in stock at a store, by code.
pub async fn load_lots_at_store(
    reads: &impl Reads,
    store: StoreId,
    products: &[ProductId],
) -> Result<HashMap<ProductId, Vec<CountedLot>>, Fault> {
    if products.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let product_condition = backend.in_ids("v.product_id", 3);
    let sql = format!(
        "SELECT {select} FROM lot_level v JOIN lot o ON o.tenant_id = $1 AND o.id = v.lot_id
         WHERE v.tenant_id = $1 AND v.store_id = $2 AND v.on_hand > 0 AND {product_condition} ORDER BY v.product_id, o.code_key",
        select = LotAtStore::SELECT
    );
    let mut lots_by_product: HashMap<ProductId, Vec<CountedLot>> = HashMap::new();
    for row in reads.records::<LotAtStore>(&sql, vec![store.into(), backend.ids(products.iter().copied())]).await? {
        lots_by_product.entry(row.product_id).or_default().push(CountedLot::from_books(row.id, &row.code, &row.code_key));
    }
    Ok(lots_by_product)
}

/// Returns each product's revenue from a store's orders placed since then, in minor units of the
/// tenant's own currency: the total of its lines, without cancelled quantities. Orders in another
/// currency are left out, because the amounts cannot be compared.
pub async fn load_revenue(reads: &impl Reads, store: StoreId, since: Timestamp) -> Result<Vec<(ProductId, i64)>, Fault> {
    let sql = format!(
        "SELECT {select} FROM sales_order o
         JOIN order_line l ON l.tenant_id = $1 AND l.order_id = o.id
         WHERE o.tenant_id = $1 AND o.store_id = $2 AND o.placed_at >= $3 AND o.status IN ('CONFIRMED', 'PARTIALLY_FULFILLED', 'FULFILLED', 'CLOSED')
           AND o.currency = (SELECT t.default_currency FROM tenant t WHERE t.id = $1) AND l.product_id IS NOT NULL AND l.cancelled < l.quantity GROUP BY l.product_id",
        select = RevenueRow::SELECT
    );
    let rows = reads.records::<RevenueRow>(&sql, vec![store.into(), since.micros().into()]).await?;
    Ok(rows.into_iter().map(|row| (row.product_id, row.minor)).collect())
}

/// A product of a store, and when it was last counted there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedProduct {
    pub of: Countable,
    pub counted_at: Option<Timestamp>,
}

/// Returns the products that can be counted in a store, with the time of their last count.
pub async fn load_count_plan(reads: &impl Reads, store: StoreId, limit: usize) -> Result<Vec<PlannedProduct>, Fault> {
    let sql = format!(
        "SELECT {select} FROM stock_level l JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
         WHERE l.tenant_id = $1 AND l.store_id = $2 AND p.status <> 'ARCHIVED' AND p.stock_policy <> 'UNTRACKED' ORDER BY p.sku LIMIT {limit}",
        select = PlannedRow::SELECT
    );
    let rows = reads.records::<PlannedRow>(&sql, vec![store.into()]).await?;
    Ok(rows.into_iter().map(|row| PlannedProduct { of: row.product.into(), counted_at: row.counted_at }).collect())
}
