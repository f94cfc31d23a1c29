//! The job that makes nightly plans, has the tenant's rule approve their lines, and scores due
//! proposals.

use std::time::Duration;

use iam::access::Access;
use inventory::ledger::Ledger;
use platform::{audit::AuditWriter, jobs::Registry};

use super::shell;

/// Interval of the job, and so the maximum delay of a nightly plan.
const RUN_INTERVAL: Duration = Duration::from_mins(15);

/// Registers the job of replenishment.
pub fn register(registry: Registry, ledger: &Ledger, access: &Access, audit_writer: &AuditWriter) -> Registry {
    let (ledger, access, audit_writer) = (ledger.clone(), access.clone(), audit_writer.clone());
    registry.periodic("replenishment.plan", RUN_INTERVAL, move |_| {
        let (ledger, access, audit_writer) = (ledger.clone(), access.clone(), audit_writer.clone());
        async move {
            shell::plan_all(ledger.database(), ledger.clock(), &audit_writer).await?;
            shell::approve_all(&ledger, &access, &audit_writer).await?;
            shell::score_all(ledger.database(), ledger.clock()).await
        }
    })
}
