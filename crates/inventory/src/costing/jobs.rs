//! Books are kept now and then, so that whoever asks has little to wait for.

use std::time::Duration;

use entity::prelude::TenantId;
use platform::{
    clock,
    jobs::Registry,
    storage::{Database, Fault, journal},
};
use tokio::time::Instant;

use super::{rows, shell};

const EVERY: Duration = Duration::from_mins(10);

/// What workers know of costs.
pub fn register(registry: Registry, db: &Database) -> Registry {
    let db = db.clone();
    registry.periodic("costing.keep", EVERY, move |_| keep_all(db.clone()))
}

/// Brings every tenant's book up to date, and leaves the database to others for as long as each page took. A tenant whose book cannot be kept is logged and passed over, so that it holds nobody else up.
pub async fn keep_all(db: Database) -> Result<(), Fault> {
    for tenant in rows::behind(&db.global()).await? {
        if let Err(fault) = keep(&db, tenant).await {
            tracing::warn!(tenant = %tenant, error = %fault, "the costs' book could not be kept");
        }
    }
    Ok(())
}

async fn keep(db: &Database, tenant: TenantId) -> Result<(), Fault> {
    let head = journal::head(&db.tenant(tenant)).await?.seq;
    loop {
        let began = Instant::now();
        if shell::catch_up(db, tenant, 1).await?.seq >= head {
            return Ok(());
        }
        clock::sleep(began.elapsed()).await;
    }
}
