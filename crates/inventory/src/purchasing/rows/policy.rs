//! Policies of levels: their reorder points, maximums and safety stocks, and bin locations.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{product, stock_level, store},
};
use platform::storage::{Fault, Finds, Reads, Rows, Work, journal};

use crate::stock::core::LevelKey;

#[derive(Record)]
struct PolicyRow {
    level: LevelRow,
    #[record(of = product, alias = "p")]
    category_id: Option<CategoryId>,
    policy: LevelPolicy,
}

#[derive(Record)]
#[record(of = stock_level, alias = "l")]
struct LevelRow {
    product_id: ProductId,
    store_id: StoreId,
    id: LevelId,
}

#[derive(Record)]
#[record(of = stock_level, alias = "l")]
struct LevelPolicy {
    reorder_point: Option<Quantity>,
    maximum: Option<Quantity>,
    safety_stock: Quantity,
    bin_location: Option<String>,
}

#[derive(Record)]
struct PairRow {
    #[record(of = product, alias = "p", column = "id")]
    product: ProductId,
    #[record(of = store, alias = "s", column = "id")]
    store: StoreId,
    #[record(of = product, alias = "p")]
    category_id: Option<CategoryId>,
}

/// Row of a new level, without any quantities.
#[derive(Record)]
#[record(of = stock_level)]
struct NewLevel {
    product_id: ProductId,
    store_id: StoreId,
    id: LevelId,
    reorder_point: Option<Quantity>,
    maximum: Option<Quantity>,
    safety_stock: Quantity,
    bin_location: Option<String>,
    last_occurred_at: Timestamp,
    version: i64,
    seq: i64,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = stock_level)]
struct ChangedLevel {
    product_id: ProductId,
    store_id: StoreId,
    reorder_point: Option<Quantity>,
    maximum: Option<Quantity>,
    safety_stock: Quantity,
    bin_location: Option<String>,
}

/// Policy of a level, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub key: LevelKey,
    /// None if the level has no row yet.
    pub level: Option<LevelId>,
    /// The product's category.
    pub category: Option<CategoryId>,
    pub reorder_point: Option<Quantity>,
    pub maximum: Option<Quantity>,
    pub safety_stock: Quantity,
    pub bin_location: Option<String>,
}

/// The policies of these levels, locked in the ledger's order; a key whose product or store does not exist is left out.
pub async fn lock_policies(work: &Work, keys: &[LevelKey]) -> Result<HashMap<LevelKey, Policy>, Fault> {
    journal::hold(work).await?;
    let pairs: Vec<(ProductId, StoreId)> = keys.iter().map(|key| (key.product, key.store)).collect();
    let (pairs_sql, values) = work.backend().pairs(&pairs, 2);
    let lock = work.backend().for_change("l");
    let sql = format!(
        "SELECT {select}
         FROM {pairs_sql} CROSS JOIN stock_level l JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
         WHERE l.tenant_id = $1 AND l.product_id = k.a AND l.store_id = k.b ORDER BY l.product_id, l.store_id{lock}",
        select = PolicyRow::SELECT
    );
    let mut policies = HashMap::with_capacity(keys.len());
    for PolicyRow { level, category_id: category, policy } in work.records(&sql, values.clone()).await? {
        let key = LevelKey { product: level.product_id, store: level.store_id };
        let LevelPolicy { reorder_point, maximum, safety_stock, bin_location } = policy;
        policies.insert(key, Policy { key, level: Some(level.id), category, reorder_point, maximum, safety_stock, bin_location });
    }
    if policies.len() < keys.len() {
        let sql = format!(
            "SELECT {select} FROM {pairs_sql} CROSS JOIN product p CROSS JOIN store s
             WHERE p.tenant_id = $1 AND p.id = k.a AND s.tenant_id = $1 AND s.id = k.b",
            select = PairRow::SELECT
        );
        for PairRow { product, store, category_id: category } in work.records(&sql, values).await? {
            let key = LevelKey { product, store };
            let empty_policy = Policy {
                key,
                level: None,
                category,
                reorder_point: None,
                maximum: None,
                safety_stock: Quantity::ZERO,
                bin_location: None,
            };
            policies.entry(key).or_insert(empty_policy);
        }
    }
    Ok(policies)
}

/// Writes policies; a level without a row gets one, with a new ID. Versions count entries, so they
/// do not change. Returns the IDs of the levels, in the order of the policies.
pub async fn write_policies(
    work: &Work,
    policies: &[Policy],
    new_id: impl Fn() -> LevelId,
    now: Timestamp,
) -> Result<Vec<LevelId>, Fault> {
    let tenant = work.tenant();
    let mut ids = Vec::with_capacity(policies.len());
    let (mut new_rows, mut changed_rows) = (Rows::<NewLevel>::insert(tenant), Rows::<ChangedLevel>::update(tenant));
    for policy in policies {
        let LevelKey { product: product_id, store: store_id } = policy.key;
        let (reorder_point, maximum, safety_stock) = (policy.reorder_point, policy.maximum, policy.safety_stock);
        let bin_location = policy.bin_location.clone();
        let id = policy.level.unwrap_or_else(&new_id);
        ids.push(id);
        if policy.level.is_some() {
            changed_rows.push(ChangedLevel { product_id, store_id, reorder_point, maximum, safety_stock, bin_location });
        } else {
            new_rows.push(NewLevel {
                product_id,
                store_id,
                id,
                reorder_point,
                maximum,
                safety_stock,
                bin_location,
                last_occurred_at: Timestamp(i64::MIN),
                version: 0,
                seq: 0,
                updated_at: now,
            });
        }
    }
    work.write(new_rows.into()).await?;
    work.write(changed_rows.into()).await?;
    Ok(ids)
}
