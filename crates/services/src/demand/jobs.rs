//! Facts are kept every second, so that reports have little to wait for.

use std::time::Duration;

use entity::prelude::TenantId;
use platform::{
    jobs::Registry,
    storage::{Database, Fault},
};

use super::{rows, shell};

const EVERY: Duration = Duration::from_secs(1);

/// What workers know of facts.
pub fn register(registry: Registry, db: &Database) -> Registry {
    let db = db.clone();
    registry.periodic("demand.keep", EVERY, move |_| keep_all(db.clone()))
}

/// Pages of a tenant that are turned each time. Whoever reads facts turns the rest before they answer; while a tenant writes faster than that, its
/// writes come first, as each page takes some 50 ms of the database.
const PAGES: usize = 2;
/// Events that facts may lack all the same: as many as a reader counts before they answer.
const FAR: i64 = 16_000;

/// Brings every tenant's facts up to date, or nearer to it. A tenant whose facts cannot be kept is logged and passed over, so that it holds nobody else
/// up.
pub async fn keep_all(db: Database) -> Result<(), Fault> {
    for tenant in rows::behind(&db.global()).await? {
        if let Err(fault) = keep(&db, tenant).await {
            tracing::warn!(tenant = %tenant, error = %fault, "the demand facts could not be kept");
        }
    }
    Ok(())
}

async fn keep(db: &Database, tenant: TenantId) -> Result<(), Fault> {
    while shell::catch_up(db, tenant, PAGES).await?.is_far(FAR) {}
    Ok(())
}
