//! The periodic job that brings cost books up to date, so that readers seldom have to wait for it.

use std::time::Duration;

use entity::prelude::TenantId;
use platform::{
    clock,
    jobs::Registry,
    storage::{Database, Fault, journal},
};
use tokio::time::Instant;

use super::{rows, shell};

const POSTING_INTERVAL: Duration = Duration::from_mins(10);

/// Registers the periodic job that keeps the cost books up to date.
pub fn register(registry: Registry, db: &Database) -> Registry {
    let db = db.clone();
    registry.periodic("costing.keep", POSTING_INTERVAL, move |_| catch_up_all_tenants(db.clone()))
}

/// Brings every tenant's book up to date, and pauses after each page for as long as the page took.
/// A tenant whose book fails is logged and skipped, so that it does not block the others.
pub async fn catch_up_all_tenants(db: Database) -> Result<(), Fault> {
    for tenant in rows::tenants_behind(&db.global()).await? {
        if let Err(fault) = catch_up_tenant(&db, tenant).await {
            tracing::warn!(tenant = %tenant, error = %fault, "the cost book could not be brought up to date");
        }
    }
    Ok(())
}

async fn catch_up_tenant(db: &Database, tenant: TenantId) -> Result<(), Fault> {
    let head = journal::head(&db.tenant(tenant)).await?.seq;
    loop {
        let started_at = Instant::now();
        if shell::catch_up(db, tenant, 1).await?.seq >= head {
            return Ok(());
        }
        clock::sleep(started_at.elapsed()).await;
    }
}
