//! Dead stock and plans are looked at for alerts, and lines whose last days are over are scored.

use std::time::Duration;

use inventory::ledger::Ledger;
use platform::jobs::Registry;

use super::shell;
use crate::alerts::Alerts;

/// How late it may be noticed that stock is dead, or that a plan falls behind: both change with the day.
const EVERY: Duration = Duration::from_hours(1);

/// What workers know of liquidation.
pub fn register(registry: Registry, ledger: &Ledger, alerts: &Alerts) -> Registry {
    let (ledger, alerts) = (ledger.clone(), alerts.clone());
    let scored = ledger.clone();
    registry
        .periodic("liquidation.watch", EVERY, move |_| {
            let (ledger, alerts) = (ledger.clone(), alerts.clone());
            async move { shell::watch_all(&ledger, &alerts).await }
        })
        .periodic("liquidation.score", EVERY, move |_| {
            let ledger = scored.clone();
            async move { shell::score_all(ledger.database(), ledger.clock()).await }
        })
}
