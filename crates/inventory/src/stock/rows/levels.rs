//! Loading and locking levels, with the facts of their product and store that the rules need.

use std::{collections::HashMap, sync::Arc};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{product, stock_level, store},
};
use platform::storage::{Fault, Finds, Reads, Row, TenantsScope};
use sea_orm::{Value, sea_query::ArrayType};

use crate::{
    catalog::core::handling::HandlingTime,
    stock::core::{Facts, Level, LevelKey, RowState},
};

/// A level without its tenant.
#[derive(Record)]
#[record(of = stock_level, alias = "l")]
struct LevelRow {
    product_id: ProductId,
    store_id: StoreId,
    id: LevelId,
    on_hand: Quantity,
    reserved: Quantity,
    unavailable: Quantity,
    incoming: Quantity,
    in_transit: Quantity,
    safety_stock: Quantity,
    reorder_point: Option<Quantity>,
    maximum: Option<Quantity>,
    last_occurred_at: Timestamp,
    version: i64,
    seq: i64,
    updated_at: Timestamp,
    counted_at: Option<Timestamp>,
}

#[derive(Record)]
#[record(of = product)]
struct ProductFacts {
    sku: String,
    name: String,
    status: ProductStatus,
    stock_policy: StockPolicy,
    is_kit: i32,
    unit_decimals: i32,
    category_id: Option<CategoryId>,
    low_stock_threshold: Option<Quantity>,
    tracking: Tracking,
    minimum_remaining_days: Option<i32>,
    price_minor: Option<i64>,
    price_currency: Option<String>,
    cost_minor: Option<i64>,
    cost_currency: Option<String>,
}

#[derive(Record)]
#[record(of = store)]
struct StoreFacts {
    time_zone: String,
    archived_at: Option<Timestamp>,
    handling_time: String,
}

#[derive(Record)]
struct FactsRow {
    #[record(alias = "p")]
    product: ProductFacts,
    #[record(alias = "s")]
    store: StoreFacts,
}

#[derive(Record)]
struct LevelAndFacts {
    level: LevelRow,
    facts: FactsRow,
}

/// A level with its facts, and the last closed day of the tenant's books.
#[derive(Record)]
struct LevelInBooks {
    level: LevelRow,
    facts: FactsRow,
    #[record(sql = "(SELECT t.closed_through FROM tenant t WHERE t.id = $1)")]
    closed_through: Option<i32>,
}

#[derive(Record)]
struct KeyAndFacts {
    #[record(of = product, alias = "p", column = "id")]
    product: ProductId,
    #[record(of = store, alias = "s", column = "id")]
    store: StoreId,
    facts: FactsRow,
}

impl LevelRow {
    fn key(&self) -> LevelKey {
        LevelKey { product: self.product_id, store: self.store_id }
    }
    fn level(self, facts: Arc<Facts>) -> Level {
        Level {
            key: self.key(),
            id: self.id,
            row: RowState::Stored,
            on_hand: self.on_hand,
            reserved: self.reserved,
            unavailable: self.unavailable,
            incoming: self.incoming,
            in_transit: self.in_transit,
            safety_stock: self.safety_stock,
            reorder_point: self.reorder_point,
            maximum: self.maximum,
            last_occurred_at: self.last_occurred_at,
            version: self.version,
            seq: self.seq,
            updated_at: self.updated_at,
            counted_at: self.counted_at,
            facts,
        }
    }
}

impl From<FactsRow> for Facts {
    fn from(FactsRow { product, store }: FactsRow) -> Self {
        Self {
            sku: product.sku,
            name: product.name,
            status: product.status,
            policy: product.stock_policy,
            is_kit: product.is_kit == 1,
            decimals: product.unit_decimals as u8,
            category: product.category_id,
            low_stock_threshold: product.low_stock_threshold,
            tracking: product.tracking,
            minimum_remaining_days: product.minimum_remaining_days.unwrap_or_default(),
            price: money(product.price_minor, product.price_currency.as_deref()),
            cost: money(product.cost_minor, product.cost_currency.as_deref()),
            time_zone: store.time_zone,
            store_archived: store.archived_at.is_some(),
            handling: HandlingTime::read(&store.handling_time).map(Arc::new),
        }
    }
}

fn money(minor: Option<i64>, currency: Option<&str>) -> Option<Money> {
    Some(Money::new(minor?, Currency::parse(currency?)?))
}

fn key_pairs(keys: &[LevelKey]) -> Vec<(ProductId, StoreId)> {
    keys.iter().map(|key| (key.product, key.store)).collect()
}

/// Returns the levels of these keys that have a row, locked in key order until the transaction
/// ends, and the last closed day of the tenant's books, which is unknown if no key has a row.
/// `keys` are sorted and unique.
pub async fn lock_levels(work: &impl Reads, keys: &[LevelKey]) -> Result<(Vec<Level>, Option<i32>), Fault> {
    let lock = work.backend().for_change("l");
    // Without locks no order is needed, and SQLite would sort all of the rows for it.
    let tail = if lock.is_empty() { lock } else { format!(" ORDER BY l.product_id, l.store_id{lock}") };
    let (key_table, values) = work.backend().pairs(&key_pairs(keys), 2);
    let rows = work.records::<LevelInBooks>(&levels_sql(LevelInBooks::SELECT, &key_table, &tail), values).await?;
    let closed_through = rows.first().and_then(|row| row.closed_through);
    Ok((rows.into_iter().map(|row| row.level.level(Arc::new(row.facts.into()))).collect(), closed_through))
}

/// Like `lock_levels`, as committed, without a lock.
pub async fn read_levels(reads: &impl Reads, keys: &[LevelKey]) -> Result<Vec<Level>, Fault> {
    let (key_table, values) = reads.backend().pairs(&key_pairs(keys), 2);
    let rows = reads.records::<LevelAndFacts>(&levels_sql(LevelAndFacts::SELECT, &key_table, ""), values).await?;
    Ok(rows.into_iter().map(|row| row.level.level(Arc::new(row.facts.into()))).collect())
}

/// CROSS JOIN tells SQLite to begin with the keys: otherwise it begins with all products and reads
/// the keys again for each.
fn levels_sql(select: &str, key_table: &str, tail: &str) -> String {
    format!(
        "SELECT {select}
         FROM {key_table} CROSS JOIN stock_level l CROSS JOIN product p CROSS JOIN store s
         WHERE l.tenant_id = $1 AND l.product_id = k.a AND l.store_id = k.b
           AND p.tenant_id = $1 AND p.id = l.product_id AND s.tenant_id = $1 AND s.id = l.store_id{tail}"
    )
}

/// Returns levels as committed, if the facts of their products and stores are known: a third of the
/// work.
pub async fn levels_with_facts(
    reads: &impl Reads,
    keys: &[LevelKey],
    facts_of: impl Fn(LevelKey) -> Option<Arc<Facts>>,
) -> Result<Vec<Level>, Fault> {
    let (key_table, values) = reads.backend().pairs(&key_pairs(keys), 2);
    let sql = format!(
        "SELECT {select} FROM {key_table} CROSS JOIN stock_level l WHERE l.tenant_id = $1 AND l.product_id = k.a AND l.store_id = k.b",
        select = LevelRow::SELECT
    );
    let rows = reads.records::<LevelRow>(&sql, values).await?;
    let level = |row: LevelRow| match facts_of(row.key()) {
        Some(facts) => Ok(row.level(facts)),
        None => Err(Fault::corrupt("stock_level", "its product and store exist")),
    };
    rows.into_iter().map(level).collect()
}

/// Reads the facts of products and stores that have no level yet. A key whose product or store does
/// not exist is left out.
pub async fn load_level_facts(work: &impl Reads, keys: &[LevelKey]) -> Result<Vec<(LevelKey, Facts)>, Fault> {
    let (key_table, values) = work.backend().pairs(&key_pairs(keys), 2);
    let sql = format!(
        "SELECT {select} FROM {key_table} CROSS JOIN product p CROSS JOIN store s
         WHERE p.tenant_id = $1 AND p.id = k.a AND s.tenant_id = $1 AND s.id = k.b",
        select = KeyAndFacts::SELECT
    );
    let rows = work.records::<KeyAndFacts>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| (LevelKey { product: row.product, store: row.store }, row.facts.into())).collect())
}

/// Levels of several tenants as columns: each tenant is given by its index in the list of tenants.
const TENANT_KEYS_SQL: &str = "unnest($2::integer[], $3::uuid[], $4::uuid[]) AS k(place, a, b)";

/// Returns the columns of `TENANT_KEYS_SQL`; indexes are counted from 1.
fn key_columns(keys: &[(usize, LevelKey)]) -> Vec<Value> {
    let ids = |id: fn(&LevelKey) -> uuid::Uuid| {
        Value::Array(ArrayType::Uuid, Some(Box::new(keys.iter().map(|(_, key)| Value::from(id(key))).collect())))
    };
    let tenant_numbers = keys.iter().map(|(index, _)| Value::from(*index as i32 + 1)).collect();
    vec![Value::Array(ArrayType::Int, Some(Box::new(tenant_numbers))), ids(|key| key.product.uuid()), ids(|key| key.store.uuid())]
}

/// `levels_with_facts` for several tenants, given by their indexes.
pub async fn levels_of_tenants(
    scope: &TenantsScope,
    keys: &[(usize, LevelKey)],
    facts_of: impl Fn(TenantId, LevelKey) -> Option<Arc<Facts>>,
) -> Result<HashMap<(TenantId, LevelKey), Level>, Fault> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT k.place, {select} FROM {TENANT_KEYS_SQL} CROSS JOIN stock_level l
         WHERE l.tenant_id = ($1::uuid[])[k.place] AND l.product_id = k.a AND l.store_id = k.b",
        select = LevelRow::SELECT
    );
    let rows = scope.records::<LevelRow>(&sql, key_columns(keys)).await?;
    let level = |(tenant, row): (TenantId, LevelRow)| match facts_of(tenant, row.key()) {
        Some(facts) => Ok(((tenant, row.key()), row.level(facts))),
        None => Err(Fault::corrupt("stock_level", "its product and store exist")),
    };
    rows.into_iter().map(level).collect()
}

/// `load_level_facts` for several tenants, given by their indexes.
pub async fn facts_of_tenants(
    scope: &TenantsScope,
    keys: &[(usize, LevelKey)],
) -> Result<Vec<(TenantId, LevelKey, Facts)>, Fault> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT k.place, {select} FROM {TENANT_KEYS_SQL} CROSS JOIN product p CROSS JOIN store s
         WHERE p.tenant_id = ($1::uuid[])[k.place] AND p.id = k.a AND s.tenant_id = ($1::uuid[])[k.place] AND s.id = k.b",
        select = KeyAndFacts::SELECT
    );
    let rows = scope.records::<KeyAndFacts>(&sql, key_columns(keys)).await?;
    let to_facts =
        |(tenant, row): (TenantId, KeyAndFacts)| (tenant, LevelKey { product: row.product, store: row.store }, row.facts.into());
    Ok(rows.into_iter().map(to_facts).collect())
}

/// The last closed day of the tenant's books.
pub async fn load_closed_through(work: &impl Reads) -> Result<Option<i32>, Fault> {
    let rows = work.rows("SELECT closed_through FROM tenant WHERE id = $1", vec![]).await?;
    rows.first().map_or(Ok(None), Row::scalar)
}
