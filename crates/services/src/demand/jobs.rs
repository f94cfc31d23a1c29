//! Facts are kept within a second, so that reports have little to wait for.

use std::time::Duration;

use entity::prelude::TenantId;
use platform::{
    jobs::Registry,
    storage::{Database, Fault},
};

use super::{rows, shell};

/// How long the job waits between two looks: with what a page takes, facts are less than a second behind.
const EVERY: Duration = Duration::from_millis(600);

/// What workers know of facts.
pub fn register(registry: Registry, db: &Database) -> Registry {
    let db = db.clone();
    registry.periodic("demand.keep", EVERY, move |_| keep_all(db.clone()))
}

/// Pages that are turned before the journal is looked at again.
const PAGES: usize = 16;
/// Events that facts may lack until the next time: as many as a reader counts before they answer.
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
