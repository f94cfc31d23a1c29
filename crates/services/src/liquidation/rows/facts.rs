//! Levels with their demand facts, and their products.

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::product,
};
use platform::storage::{Fault, Finds, ROWS_PER_PAGE, Reads, Row};
use sea_orm::Value;

use crate::{
    demand::rows::{CURRENT, by_level},
    replenishment::rows as replenishment,
};

/// A level. Units are the product's smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct LevelFacts {
    #[record(sql = "l.product_id")]
    pub product: ProductId,
    #[record(sql = "l.store_id")]
    pub store: StoreId,
    #[record(sql = "l.available")]
    pub available: i64,
    /// The first day on which a unit was received or removed.
    #[record(sql = "l.first_day")]
    pub first_day: Option<i32>,
    #[record(sql = "l.last_sale")]
    pub last_sale: Option<i32>,
    /// Units sold since the requested day, including those within kits.
    #[record(sql = "l.sold")]
    pub sold: i64,
}

/// Facts of a product.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(of = product, alias = "p")]
pub struct ProductFacts {
    pub id: ProductId,
    pub category_id: Option<CategoryId>,
    pub unit_decimals: i32,
    pub price_minor: Option<i64>,
    pub price_currency: Option<String>,
    pub cost_minor: Option<i64>,
    pub cost_currency: Option<String>,
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct NameRow {
    id: ProductId,
    name: String,
}

/// The next products with a level after `after`, by ID: as many as are read at once.
pub async fn products_with_levels(reads: &impl Reads, after: ProductId) -> Result<Vec<ProductId>, Fault> {
    let sql = format!(
        "SELECT DISTINCT l.product_id FROM stock_level l WHERE l.tenant_id = $1 AND l.product_id > $2 ORDER BY l.product_id LIMIT {ROWS_PER_PAGE}"
    );
    reads.rows(&sql, vec![after.into()]).await?.iter().map(Row::scalar).collect()
}

/// Levels of these products in stores that are not archived, by product and store, with their sales
/// since a day. Units removed by sales count if they exceed the ordered units: the parts of kits
/// are ordered as the kit, and sales that are recorded as movements alone have no order.
pub async fn levels(reads: &impl Reads, since: i32, products: &[ProductId]) -> Result<Vec<LevelFacts>, Fault> {
    let backend = reads.backend();
    let facts = format!(
        "demand_day d{} WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.product_id = l.product_id AND d.store_id = l.store_id",
        by_level(backend)
    );
    let sql = format!(
        "SELECT {select} FROM (
           SELECT l.product_id, l.store_id, l.on_hand - l.unavailable - l.reserved AS available,
             CAST((SELECT min(d.business_date) FROM {facts}) AS integer) AS first_day,
             CAST((SELECT max(d.business_date) FROM {facts} AND (d.ordered_units > d.cancelled_units OR d.shipped_units > 0)) AS integer) AS last_sale,
             CAST(coalesce((SELECT CASE WHEN sum(d.shipped_units - d.restocked_units) > sum(d.ordered_units - d.cancelled_units - d.taken_back_units)
                 THEN sum(d.shipped_units - d.restocked_units) ELSE sum(d.ordered_units - d.cancelled_units - d.taken_back_units) END
               FROM {facts} AND d.business_date >= $2), 0) AS bigint) AS sold
           FROM stock_level l JOIN store s ON s.tenant_id = $1 AND s.id = l.store_id AND s.archived_at IS NULL
           WHERE l.tenant_id = $1 AND {of_products}) l ORDER BY l.product_id, l.store_id",
        select = LevelFacts::SELECT,
        of_products = backend.in_ids("l.product_id", 3)
    );
    let values: Vec<Value> = vec![i64::from(since).into(), backend.ids(products.iter().copied())];
    reads.records(&sql, values).await
}

/// Products whose stock is tracked, without kits, by ID.
pub async fn products(reads: &impl Reads, ids: &[ProductId]) -> Result<Vec<ProductFacts>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND {} AND p.stock_policy <> 'UNTRACKED' AND p.is_kit = 0 ORDER BY p.id",
        ProductFacts::SELECT,
        backend.in_ids("p.id", 2)
    );
    reads.records(&sql, vec![backend.ids(ids.iter().copied())]).await
}

/// Names of products in the order of `products`, cut to half of a name's maximum length.
pub async fn names(reads: &impl Reads, products: &[ProductId]) -> Result<Vec<String>, Fault> {
    const MAX: usize = 120;
    let backend = reads.backend();
    let sql = format!("SELECT {} FROM product p WHERE p.tenant_id = $1 AND {}", NameRow::SELECT, backend.in_ids("p.id", 2));
    let rows = reads.records::<NameRow>(&sql, vec![backend.ids(products.iter().copied())]).await?;
    let name = |id: &ProductId| rows.iter().find(|row| row.id == *id).map(|row| row.name.chars().take(MAX).collect());
    Ok(products.iter().filter_map(name).collect())
}

/// Returns the free units of products now: neither reserved nor owed, nor in a draft of a transfer.
pub async fn free_now(reads: &impl Reads, products: &[ProductId]) -> Result<BTreeMap<(ProductId, StoreId), i64>, Fault> {
    let (owed, leaving) = (replenishment::backordered_units(reads).await?, replenishment::outgoing_draft_units(reads).await?);
    let mut free_units = BTreeMap::new();
    for (product, levels) in replenishment::levels(reads, products).await? {
        for mut level in levels {
            let key = (product, level.store);
            level.owed = owed.get(&key).copied().unwrap_or_default();
            level.leaving = leaving.get(&key).copied().unwrap_or_default();
            free_units.insert(key, level.free());
        }
    }
    Ok(free_units)
}
