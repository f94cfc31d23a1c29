//! What there is to count in a store, and what is due.

use std::collections::HashMap;

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use crate::counts::core::CountedLot;

/// A product that can be counted in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countable {
    pub product: ProductId,
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    pub tracking: Tracking,
}

/// The stocked products of a store that have a level there, of one category if one is named (and those below it), by SKU; one more than `most`.
pub async fn countable(
    reads: &impl Reads,
    store: StoreId,
    category: Option<CategoryId>,
    most: usize,
) -> Result<Vec<Countable>, Fault> {
    let mut values = vec![store.into()];
    let (mut tree, mut within) = ("", "");
    if let Some(category) = category {
        values.push(category.into());
        tree = "WITH RECURSIVE below (id) AS (SELECT g.id FROM category g WHERE g.tenant_id = $1 AND g.id = $3
                UNION SELECT g.id FROM below b JOIN category g ON g.tenant_id = $1 AND g.parent_id = b.id) ";
        within = " AND p.category_id IN (SELECT id FROM below)";
    }
    let sql = format!(
        "{tree}SELECT p.id, p.sku, p.name, p.unit_decimals, p.tracking FROM stock_level l JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
         WHERE l.tenant_id = $1 AND l.store_id = $2 AND p.status <> 'ARCHIVED' AND p.stock_policy <> 'UNTRACKED'{within}
         ORDER BY p.sku LIMIT {}",
        most + 1
    );
    let rows = reads.rows(&sql, values).await?;
    let read = |row| {
        let mut row = Row::new(row);
        product(&mut row)
    };
    rows.iter().map(read).collect()
}

fn product(row: &mut Row<'_>) -> Result<Countable, Fault> {
    Ok(Countable {
        product: row.take()?,
        sku: row.take()?,
        name: row.take()?,
        decimals: row.take::<i32>()? as u8,
        tracking: row.word("product", Tracking::parse)?,
    })
}

/// The products of a count that are kept by lots.
pub async fn listed(reads: &impl Reads, count: CountId) -> Result<Vec<Countable>, Fault> {
    let sql =
        "SELECT p.id, p.sku, p.name, p.unit_decimals, p.tracking FROM product p WHERE p.tenant_id = $1 AND p.tracking <> 'NONE'
         AND p.id IN (SELECT l.product_id FROM count_line l WHERE l.tenant_id = $1 AND l.count_id = $2) ORDER BY p.sku";
    let rows = reads.rows(sql, vec![count.into()]).await?;
    rows.iter().map(|row| product(&mut Row::new(row))).collect()
}

/// The lots of these products that lie in a store, by code.
pub async fn lots_there(
    reads: &impl Reads,
    store: StoreId,
    products: &[ProductId],
) -> Result<HashMap<ProductId, Vec<CountedLot>>, Fault> {
    if products.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let of = backend.in_ids("v.product_id", 3);
    let sql = format!(
        "SELECT v.product_id, o.id, o.code, o.code_key FROM lot_level v JOIN lot o ON o.tenant_id = $1 AND o.id = v.lot_id
         WHERE v.tenant_id = $1 AND v.store_id = $2 AND v.on_hand > 0 AND {of} ORDER BY v.product_id, o.code_key"
    );
    let mut found: HashMap<ProductId, Vec<CountedLot>> = HashMap::new();
    for row in &reads.rows(&sql, vec![store.into(), backend.ids(products.iter().copied())]).await? {
        let mut row = Row::new(row);
        let (product, id): (ProductId, LotId) = (row.take()?, row.take()?);
        let (code, key): (String, String) = (row.take()?, row.take()?);
        found.entry(product).or_default().push(CountedLot::known(id, &code, &key));
    }
    Ok(found)
}

/// What each product brought in a store's orders placed since then, in minor units of the tenant's own currency: the total of its lines, without
/// what of them was cancelled. What was sold in another currency is left out, for there is no common measure.
pub async fn revenue(reads: &impl Reads, store: StoreId, since: Timestamp) -> Result<Vec<(ProductId, i64)>, Fault> {
    let sql = "SELECT l.product_id, CAST(sum(CASE WHEN l.cancelled = 0 THEN l.total_minor ELSE
           CAST(round(CAST(l.total_minor AS double precision) * (l.quantity - l.cancelled) / l.quantity) AS bigint) END) AS bigint) FROM sales_order o
         JOIN order_line l ON l.tenant_id = $1 AND l.order_id = o.id
         WHERE o.tenant_id = $1 AND o.store_id = $2 AND o.placed_at >= $3 AND o.status IN ('CONFIRMED', 'PARTIALLY_FULFILLED', 'FULFILLED', 'CLOSED')
           AND o.currency = (SELECT t.default_currency FROM tenant t WHERE t.id = $1) AND l.product_id IS NOT NULL AND l.cancelled < l.quantity GROUP BY l.product_id";
    let rows = reads.rows(sql, vec![store.into(), since.micros().into()]).await?;
    let read = |row| {
        let mut row = Row::new(row);
        Ok((row.take()?, row.take()?))
    };
    rows.iter().map(read).collect()
}

/// A product of a store, and when it was last counted there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub of: Countable,
    pub counted_at: Option<Timestamp>,
}

/// What can be counted in a store, with when it was.
pub async fn plan(reads: &impl Reads, store: StoreId, most: usize) -> Result<Vec<Planned>, Fault> {
    let sql = format!(
        "SELECT p.id, p.sku, p.name, p.unit_decimals, p.tracking, l.counted_at FROM stock_level l JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
         WHERE l.tenant_id = $1 AND l.store_id = $2 AND p.status <> 'ARCHIVED' AND p.stock_policy <> 'UNTRACKED' ORDER BY p.sku LIMIT {most}"
    );
    let rows = reads.rows(&sql, vec![store.into()]).await?;
    let read = |row| {
        let mut row = Row::new(row);
        let of = product(&mut row)?;
        Ok(Planned { of, counted_at: row.time_opt()? })
    };
    rows.iter().map(read).collect()
}
