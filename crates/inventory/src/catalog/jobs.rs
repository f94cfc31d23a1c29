//! Background jobs of the catalogue.

use std::{collections::HashMap, sync::Arc};

use entity::prelude::{Id, TenantId};
use platform::{
    cache::{Cache, Cached},
    storage::{Database, Fault, Row, TenantScope},
};

use super::{
    rows::{product, small_tables},
    shell::seal_customers,
};

/// Tenants whose rows are preloaded when a node starts: those with the longest journals.
const WARMED_TENANTS: i64 = 20;
/// Preloaded rows of each kind.
const WARMED_ROWS: i64 = 500;

/// Seals customers from before each had a key of its own; later runs find none.
pub async fn seal(db: Database) -> Result<(), Fault> {
    let sealed = seal_customers(&db).await?;
    if sealed > 0 {
        tracing::info!(sealed, "customers were sealed under keys of their own");
    }
    Ok(())
}

/// Preloads rows that requests are likely to need: stores, categories, suppliers and the last
/// changed products, of the busiest tenants.
pub async fn warm(db: Database) {
    let Some(cache) = db.extensions().get::<Cache>().filter(Cache::is_on) else { return };
    match warm_all(&db, &cache).await {
        Ok(rows) => tracing::debug!(rows, "rows were read ahead"),
        Err(fault) => tracing::warn!(error = %fault, "rows could not be read ahead; requests read them"),
    }
}

async fn warm_all(db: &Database, cache: &Cache) -> Result<usize, Fault> {
    let sql = "SELECT tenant_id FROM tenant_counter ORDER BY head DESC LIMIT $1";
    let mut rows = 0;
    for row in &db.global().rows(sql, vec![WARMED_TENANTS.into()]).await? {
        let tenant: TenantId = Row::scalar(row)?;
        rows += warm_tenant(&db.tenant(tenant), cache).await?;
    }
    Ok(rows)
}

async fn warm_tenant(scope: &TenantScope, cache: &Cache) -> Result<usize, Fault> {
    let cache_view = cache.cache_view(scope).await?;
    let products = product::latest(scope, WARMED_ROWS).await?;
    let (stores, categories, suppliers) = (
        small_tables::latest::<entity::store::Entity>(scope, WARMED_ROWS).await?,
        small_tables::latest::<entity::category::Entity>(scope, WARMED_ROWS).await?,
        small_tables::latest::<entity::supplier::Entity>(scope, WARMED_ROWS).await?,
    );
    let rows = products.len() + stores.len() + categories.len() + suppliers.len();
    cache.keep(scope, &cache_view, &by_id(products, |row| row.id));
    cache.keep(scope, &cache_view, &by_id(stores, |row| row.id));
    cache.keep(scope, &cache_view, &by_id(categories, |row| row.id));
    cache.keep(scope, &cache_view, &by_id(suppliers, |row| row.id));
    Ok(rows)
}

fn by_id<K, T: Cached>(rows: Vec<T>, id: impl Fn(&T) -> Id<K>) -> HashMap<Id<K>, Arc<T>> {
    rows.into_iter().map(|row| (id(&row), Arc::new(row))).collect()
}
