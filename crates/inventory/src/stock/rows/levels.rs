//! Loading and locking levels with what the rules need to know of their product and store.

use std::sync::Arc;

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use crate::stock::core::{Facts, Level, LevelKey};

const LEVEL: &str =
    "l.product_id, l.store_id, l.id, l.on_hand, l.reserved, l.unavailable, l.incoming, l.in_transit, l.safety_stock,
    l.reorder_point, l.maximum, l.last_occurred_at, l.version, l.seq, l.updated_at, l.counted_at";
const FACTS: &str =
    "p.sku, p.name, p.status, p.stock_policy, p.is_kit, p.unit_decimals, p.category_id, p.low_stock_threshold, p.tracking,
    p.minimum_remaining_days,
    p.price_minor, p.price_currency, p.cost_minor, p.cost_currency, s.time_zone, s.archived_at";

fn pairs(keys: &[LevelKey]) -> Vec<(ProductId, StoreId)> {
    keys.iter().map(|key| (key.product, key.store)).collect()
}

/// The levels of these keys that have a row, locked in key order until the transaction ends. `keys` are sorted and unique.
pub async fn lock_levels(work: &impl Reads, keys: &[LevelKey]) -> Result<Vec<Level>, Fault> {
    let lock = work.backend().for_change("l");
    // Who locks nothing needs no order, and SQLite would sort all of the rows for it.
    let tail = if lock.is_empty() { lock } else { format!(" ORDER BY l.product_id, l.store_id{lock}") };
    levels(work, keys, &tail).await
}

/// The same as committed, without a lock.
pub async fn read_levels(reads: &impl Reads, keys: &[LevelKey]) -> Result<Vec<Level>, Fault> {
    levels(reads, keys, "").await
}

/// CROSS JOIN tells SQLite to begin with the keys: left to itself it begins with all products and reads the keys again for each.
async fn levels(work: &impl Reads, keys: &[LevelKey], tail: &str) -> Result<Vec<Level>, Fault> {
    let (k, values) = work.backend().pairs(&pairs(keys), 2);
    let sql = format!(
        "SELECT {LEVEL}, {FACTS}
         FROM {k} CROSS JOIN stock_level l CROSS JOIN product p CROSS JOIN store s
         WHERE l.tenant_id = $1 AND l.product_id = k.a AND l.store_id = k.b
           AND p.tenant_id = $1 AND p.id = l.product_id AND s.tenant_id = $1 AND s.id = l.store_id{tail}"
    );
    let rows = work.rows(&sql, values).await?;
    rows.iter().map(|row| level(&mut Row::new(row), |row, _| Ok(Arc::new(facts(row)?)))).collect()
}

/// Levels as committed, where the facts of their products and stores are known: a third of the work.
pub async fn levels_knowing(
    reads: &impl Reads,
    keys: &[LevelKey],
    known: impl Fn(LevelKey) -> Option<Arc<Facts>>,
) -> Result<Vec<Level>, Fault> {
    let (k, values) = reads.backend().pairs(&pairs(keys), 2);
    let sql = format!(
        "SELECT {LEVEL} FROM {k} CROSS JOIN stock_level l WHERE l.tenant_id = $1 AND l.product_id = k.a AND l.store_id = k.b"
    );
    let rows = reads.rows(&sql, values).await?;
    let facts = |_: &mut Row<'_>, key| known(key).ok_or_else(|| Fault::corrupt("stock_level", "its product and store exist"));
    rows.iter().map(|row| level(&mut Row::new(row), facts)).collect()
}

fn level(row: &mut Row<'_>, facts: impl FnOnce(&mut Row<'_>, LevelKey) -> Result<Arc<Facts>, Fault>) -> Result<Level, Fault> {
    let key = LevelKey { product: row.take()?, store: row.take()? };
    Ok(Level {
        key,
        id: row.take()?,
        exists: true,
        on_hand: row.take()?,
        reserved: row.take()?,
        unavailable: row.take()?,
        incoming: row.take()?,
        in_transit: row.take()?,
        safety_stock: row.take()?,
        reorder_point: row.take()?,
        maximum: row.take()?,
        last_occurred_at: row.time()?,
        version: row.take()?,
        seq: row.take()?,
        updated_at: row.time()?,
        counted_at: row.time_opt()?,
        facts: facts(row, key)?,
    })
}

fn facts(row: &mut Row<'_>) -> Result<Facts, Fault> {
    Ok(Facts {
        sku: row.take()?,
        name: row.take()?,
        status: row.word("product", ProductStatus::parse)?,
        policy: row.word("product", StockPolicy::parse)?,
        is_kit: row.take::<i32>()? == 1,
        decimals: row.take::<i32>()? as u8,
        category: row.take()?,
        low_stock_threshold: row.take()?,
        tracking: row.word("product", Tracking::parse)?,
        minimum_remaining_days: row.take::<Option<i32>>()?.unwrap_or_default(),
        price: money(row)?,
        cost: money(row)?,
        time_zone: row.take()?,
        store_archived: row.take::<Option<i64>>()?.is_some(),
    })
}

fn money(row: &mut Row<'_>) -> Result<Option<Money>, Fault> {
    let (minor, currency): (Option<i64>, Option<String>) = (row.take()?, row.take()?);
    Ok(match (minor, currency.as_deref().and_then(Currency::parse)) {
        (Some(minor), Some(currency)) => Some(Money::new(minor, currency)),
        _ => None,
    })
}

/// What the rules need to know of products and stores that have no level yet. A key of which either does not exist is left out.
pub async fn facts_for(work: &impl Reads, keys: &[LevelKey]) -> Result<Vec<(LevelKey, Facts)>, Fault> {
    let (k, values) = work.backend().pairs(&pairs(keys), 2);
    let sql = format!(
        "SELECT p.id, s.id, {FACTS} FROM {k} CROSS JOIN product p CROSS JOIN store s
         WHERE p.tenant_id = $1 AND p.id = k.a AND s.tenant_id = $1 AND s.id = k.b"
    );
    let rows = work.rows(&sql, values).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let key = LevelKey { product: row.take()?, store: row.take()? };
            Ok((key, facts(&mut row)?))
        })
        .collect()
}

/// The last closed day of the tenant's books.
pub async fn closed_through(work: &impl Reads) -> Result<Option<i32>, Fault> {
    let rows = work.rows("SELECT closed_through FROM tenant WHERE id = $1", vec![]).await?;
    rows.first().map_or(Ok(None), |row| Row::new(row).take())
}
