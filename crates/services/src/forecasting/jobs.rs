//! Forecasts are made when a week is over, and looked at for alerts.

use std::time::Duration;

use platform::{clock::Clock, jobs::Registry, storage::Database};

use super::shell;
use crate::alerts::Alerts;

/// How long after the end of a week its forecasts may be made.
const EVERY: Duration = Duration::from_mins(15);

/// What workers know of forecasts.
pub fn register(registry: Registry, db: &Database, clock: &Clock, alerts: &Alerts) -> Registry {
    let (db, clock, alerts) = (db.clone(), clock.clone(), alerts.clone());
    registry.periodic("forecast.make", EVERY, move |_| {
        let (db, clock, alerts) = (db.clone(), clock.clone(), alerts.clone());
        async move {
            shell::make_all(&db, &clock).await?;
            shell::watch_all(&db, &alerts).await
        }
    })
}
