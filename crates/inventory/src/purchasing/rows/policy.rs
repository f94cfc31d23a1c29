//! The policy of levels: when they are filled up.

use std::collections::HashMap;

use entity::prelude::*;
use platform::storage::{Bulk, Column, ColumnKind::*, Fault, Reads, Row, Work, journal};

use crate::stock::core::LevelKey;

/// What a level says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    pub key: LevelKey,
    /// None: the level has no row yet.
    pub level: Option<LevelId>,
    /// Its product's.
    pub category: Option<CategoryId>,
    pub reorder_point: Option<Quantity>,
    pub maximum: Option<Quantity>,
    pub safety_stock: Quantity,
}

/// The policies of these levels, locked in the ledger's order; a key whose product or store does not exist is left out.
pub async fn lock_policies(work: &Work, keys: &[LevelKey]) -> Result<HashMap<LevelKey, Policy>, Fault> {
    journal::hold(work).await?;
    let pairs: Vec<(ProductId, StoreId)> = keys.iter().map(|key| (key.product, key.store)).collect();
    let (k, values) = work.backend().pairs(&pairs, 2);
    let lock = work.backend().for_change("l");
    let sql = format!(
        "SELECT l.product_id, l.store_id, l.id, p.category_id, l.reorder_point, l.maximum, l.safety_stock
         FROM {k} CROSS JOIN stock_level l JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
         WHERE l.tenant_id = $1 AND l.product_id = k.a AND l.store_id = k.b ORDER BY l.product_id, l.store_id{lock}"
    );
    let mut found = HashMap::with_capacity(keys.len());
    for row in &work.rows(&sql, values.clone()).await? {
        let mut row = Row::new(row);
        let key = LevelKey { product: row.take()?, store: row.take()? };
        let (level, category) = (Some(row.take()?), row.take()?);
        let (reorder_point, maximum, safety_stock) = (row.take()?, row.take()?, row.take()?);
        found.insert(key, Policy { key, level, category, reorder_point, maximum, safety_stock });
    }
    if found.len() < keys.len() {
        let sql = format!(
            "SELECT p.id, s.id, p.category_id FROM {k} CROSS JOIN product p CROSS JOIN store s
             WHERE p.tenant_id = $1 AND p.id = k.a AND s.tenant_id = $1 AND s.id = k.b"
        );
        for row in &work.rows(&sql, values).await? {
            let mut row = Row::new(row);
            let key = LevelKey { product: row.take()?, store: row.take()? };
            let category = row.take()?;
            let none = Policy { key, level: None, category, reorder_point: None, maximum: None, safety_stock: Quantity::ZERO };
            found.entry(key).or_insert(none);
        }
    }
    Ok(found)
}

const NEW: &[Column] = &[
    Column("tenant_id", Id),
    Column("product_id", Id),
    Column("store_id", Id),
    Column("id", Id),
    Column("reorder_point", IntOrNull),
    Column("maximum", IntOrNull),
    Column("safety_stock", Int),
    Column("last_occurred_at", Int),
    Column("version", Int),
    Column("seq", Int),
    Column("updated_at", Int),
];

const CHANGED: &[Column] = &[
    Column("tenant_id", Id),
    Column("product_id", Id),
    Column("store_id", Id),
    Column("reorder_point", IntOrNull),
    Column("maximum", IntOrNull),
    Column("safety_stock", Int),
];

/// Writes policies; a level without a row gets one, under the id given with it. Versions count entries, and stay.
pub async fn write_policies(work: &Work, policies: &[Policy], new_id: impl Fn() -> LevelId, now: Timestamp) -> Result<(), Fault> {
    let tenant = work.tenant();
    let (mut new, mut changed) = (Bulk::insert("stock_level", NEW), Bulk::update("stock_level", CHANGED, 3));
    for policy in policies {
        let (product, store) = (policy.key.product.into(), policy.key.store.into());
        let point = policy.reorder_point.map(Quantity::get).into();
        let (maximum, safety) = (policy.maximum.map(Quantity::get).into(), policy.safety_stock.get().into());
        if policy.level.is_some() {
            changed.row([tenant.into(), product, store, point, maximum, safety]);
        } else {
            // As of a level that nothing has happened to.
            let (last, none) = (i64::MIN.into(), 0_i64);
            let id = new_id().into();
            new.row([
                tenant.into(),
                product,
                store,
                id,
                point,
                maximum,
                safety,
                last,
                none.into(),
                none.into(),
                now.micros().into(),
            ]);
        }
    }
    work.write(new).await?;
    work.write(changed).await
}
