//! Plans are made at night, and a tenant's rule approves what it may of them; proposals that are due are scored.

use std::time::Duration;

use iam::access::Access;
use inventory::ledger::Ledger;
use platform::{audit::AuditWriter, jobs::Registry};

use super::shell;

/// How late a night's plan may be.
const EVERY: Duration = Duration::from_mins(15);

/// What workers know of replenishment.
pub fn register(registry: Registry, ledger: &Ledger, access: &Access, audit_writer: &AuditWriter) -> Registry {
    let (ledger, access, audit_writer) = (ledger.clone(), access.clone(), audit_writer.clone());
    registry.periodic("replenishment.plan", EVERY, move |_| {
        let (ledger, access, audit_writer) = (ledger.clone(), access.clone(), audit_writer.clone());
        async move {
            shell::plan_all(ledger.database(), ledger.clock(), &audit_writer).await?;
            shell::approve_all(&ledger, &access, &audit_writer).await?;
            shell::score_all(ledger.database(), ledger.clock()).await
        }
    })
}
