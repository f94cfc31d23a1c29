//! Plans are made at night.

use std::time::Duration;

use platform::{audit::AuditWriter, clock::Clock, jobs::Registry, storage::Database};

use super::shell;

/// How late a night's plan may be.
const EVERY: Duration = Duration::from_mins(15);

/// What workers know of replenishment.
pub fn register(registry: Registry, db: &Database, clock: &Clock, audit_writer: &AuditWriter) -> Registry {
    let (db, clock, audit_writer) = (db.clone(), clock.clone(), audit_writer.clone());
    registry.periodic("replenishment.plan", EVERY, move |_| {
        let (db, clock, audit_writer) = (db.clone(), clock.clone(), audit_writer.clone());
        async move { shell::plan_all(&db, &clock, &audit_writer).await }
    })
}
