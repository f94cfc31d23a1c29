//! Makes forecasts after the end of each week, and checks them for alerts.

use std::time::Duration;

use platform::{clock::Clock, jobs::Registry, storage::Database};

use super::shell;
use crate::alerts::Alerts;

/// Interval of the job, and maximum delay between the end of a week and its forecasts.
const CHECK_INTERVAL: Duration = Duration::from_mins(15);

/// Registers the periodic job that makes forecasts and updates their alerts.
pub fn register(registry: Registry, db: &Database, clock: &Clock, alerts: &Alerts) -> Registry {
    let (db, clock, alerts) = (db.clone(), clock.clone(), alerts.clone());
    registry.periodic("forecast.make", CHECK_INTERVAL, move |_| {
        let (db, clock, alerts) = (db.clone(), clock.clone(), alerts.clone());
        async move {
            shell::make_all(&db, &clock).await?;
            shell::watch_all(&db, &alerts).await
        }
    })
}
