//! Forecasts are made when a week is over.

use std::time::Duration;

use platform::{clock::Clock, jobs::Registry, storage::Database};

use super::shell;

/// How long after the end of a week its forecasts may be made.
const EVERY: Duration = Duration::from_mins(15);

/// What workers know of forecasts.
pub fn register(registry: Registry, db: &Database, clock: &Clock) -> Registry {
    let (db, clock) = (db.clone(), clock.clone());
    registry.periodic("forecast.make", EVERY, move |_| {
        let (db, clock) = (db.clone(), clock.clone());
        async move { shell::make_all(&db, &clock).await }
    })
}
