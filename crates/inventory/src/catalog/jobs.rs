//! Background jobs of the catalogue.

use std::{collections::HashMap, sync::Arc};

use entity::prelude::{Id, TenantId};
use platform::{
    cache::{Cache, CachedEntity},
    storage::{Database, Fault, Row, TenantScope},
};

use super::{
    rows::{product, small_tables},
    shell::seal_customers,
};

/// Tenants whose rows are preloaded when a node starts: those with the longest journals.
const MAX_PRELOADED_TENANTS: i64 = 20;
/// Preloaded rows of each kind.
const MAX_PRELOADED_ROWS: i64 = 500;

/// Seals customers from before each had a key of its own; later runs find none.
pub async fn seal_unsealed(db: Database) -> Result<(), Fault> {
    let sealed = seal_customers(&db).await?;
    if sealed > 0 {
        tracing::info!(sealed, "customers were sealed under keys of their own");
    }
    Ok(())
}

/// Preloads rows that requests are likely to need: stores, categories, suppliers and the last
/// changed products, of the busiest tenants.
pub async fn preload_caches(db: Database) {
    let Some(cache) = db.extensions().get::<Cache>().filter(Cache::is_on) else { return };
    match preload_all_tenants(&db, &cache).await {
        Ok(rows) => tracing::debug!(rows, "rows were read ahead"),
        Err(fault) => tracing::warn!(error = %fault, "rows could not be read ahead; requests read them"),
    }
}

async fn preload_all_tenants(db: &Database, cache: &Cache) -> Result<usize, Fault> {
    let sql = "SELECT tenant_id FROM tenant_counter ORDER BY head DESC LIMIT $1";
    let mut rows = 0;
    for row in &db.global().rows(sql, vec![MAX_PRELOADED_TENANTS.into()]).await? {
        let tenant: TenantId = Row::scalar(row)?;
        rows += preload_tenant(&db.tenant(tenant), cache).await?;
    }
    Ok(rows)
}

async fn preload_tenant(scope: &TenantScope, cache: &Cache) -> Result<usize, Fault> {
    let cache_view = cache.cache_view(scope).await?;
    let products = product::latest_changed(scope, MAX_PRELOADED_ROWS).await?;
    let (stores, categories, suppliers) = (
        small_tables::latest_changed::<entity::store::Entity>(scope, MAX_PRELOADED_ROWS).await?,
        small_tables::latest_changed::<entity::category::Entity>(scope, MAX_PRELOADED_ROWS).await?,
        small_tables::latest_changed::<entity::supplier::Entity>(scope, MAX_PRELOADED_ROWS).await?,
    );
    let rows = products.len() + stores.len() + categories.len() + suppliers.len();
    cache.store_rows(scope, &cache_view, &by_id(products, |row| row.id));
    cache.store_rows(scope, &cache_view, &by_id(stores, |row| row.id));
    cache.store_rows(scope, &cache_view, &by_id(categories, |row| row.id));
    cache.store_rows(scope, &cache_view, &by_id(suppliers, |row| row.id));
    Ok(rows)
}

fn by_id<K, T: CachedEntity>(rows: Vec<T>, id: impl Fn(&T) -> Id<K>) -> HashMap<Id<K>, Arc<T>> {
    rows.into_iter().map(|row| (id(&row), Arc::new(row))).collect()
}
