//! Jobs that check dead stock and plans for alerts, advance automatic plans, and score lines after
//! their last days.

use std::time::Duration;

use iam::access::Access;
use platform::{audit::AuditWriter, jobs::Registry};

use super::shell::{self, Rooms};
use crate::alerts::Alerts;

/// Interval of the jobs, and so the maximum delay at which dead stock, a plan that falls behind, or
/// a due step is noticed: all change with the day.
const RUN_INTERVAL: Duration = Duration::from_hours(1);

/// Registers the jobs of liquidation.
pub fn register(registry: Registry, rooms: Rooms<'_>, alerts: &Alerts, access: &Access, audit_writer: &AuditWriter) -> Registry {
    let (ledger, alerts) = (rooms.ledger.clone(), alerts.clone());
    let (scored, advanced, catalog) = (ledger.clone(), ledger.clone(), rooms.catalog.clone());
    let (access, audit_writer) = (access.clone(), audit_writer.clone());
    registry
        .periodic("liquidation.watch", RUN_INTERVAL, move |_| {
            let (ledger, alerts) = (ledger.clone(), alerts.clone());
            async move { shell::watch_all(&ledger, &alerts).await }
        })
        .periodic("liquidation.advance", RUN_INTERVAL, move |_| {
            let (ledger, catalog) = (advanced.clone(), catalog.clone());
            let (access, audit_writer) = (access.clone(), audit_writer.clone());
            async move {
                let rooms = Rooms { ledger: &ledger, catalog: &catalog };
                shell::advance_all(rooms, &access, &audit_writer).await
            }
        })
        .periodic("liquidation.score", RUN_INTERVAL, move |_| {
            let ledger = scored.clone();
            async move { shell::score_all(ledger.database(), ledger.clock()).await }
        })
}
