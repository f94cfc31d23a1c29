//! Facts are kept every second, so that reports have little to wait for.

use std::time::Duration;

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

/// Brings every tenant's facts up to date. A tenant whose facts cannot be kept is logged and passed over, so that it holds nobody else up.
pub async fn keep_all(db: Database) -> Result<(), Fault> {
    for tenant in rows::behind(&db.global()).await? {
        if let Err(fault) = shell::catch_up(&db, tenant, usize::MAX).await {
            tracing::warn!(tenant = %tenant, error = %fault, "the demand facts could not be kept");
        }
    }
    Ok(())
}
