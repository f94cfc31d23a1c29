//! Dead stock and plans are looked at for alerts, plans that advance by themselves do so, and lines whose last days are over are scored.

use std::time::Duration;

use iam::access::Access;
use platform::{audit::AuditWriter, jobs::Registry};

use super::shell::{self, Rooms};
use crate::alerts::Alerts;

/// How late it may be noticed that stock is dead, that a plan falls behind, or that a step is due: all change with the day.
const EVERY: Duration = Duration::from_hours(1);

/// What workers know of liquidation.
pub fn register(registry: Registry, rooms: Rooms<'_>, alerts: &Alerts, access: &Access, audit_writer: &AuditWriter) -> Registry {
    let (ledger, alerts) = (rooms.ledger.clone(), alerts.clone());
    let (scored, advanced, catalog) = (ledger.clone(), ledger.clone(), rooms.catalog.clone());
    let (access, audit_writer) = (access.clone(), audit_writer.clone());
    registry
        .periodic("liquidation.watch", EVERY, move |_| {
            let (ledger, alerts) = (ledger.clone(), alerts.clone());
            async move { shell::watch_all(&ledger, &alerts).await }
        })
        .periodic("liquidation.advance", EVERY, move |_| {
            let (ledger, catalog) = (advanced.clone(), catalog.clone());
            let (access, audit_writer) = (access.clone(), audit_writer.clone());
            async move {
                let rooms = Rooms { ledger: &ledger, catalog: &catalog };
                shell::advance_all(rooms, &access, &audit_writer).await
            }
        })
        .periodic("liquidation.score", EVERY, move |_| {
            let ledger = scored.clone();
            async move { shell::score_all(ledger.database(), ledger.clock()).await }
        })
}
