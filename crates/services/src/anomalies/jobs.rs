//! Judges days after their end in their store.

use std::time::Duration;

use platform::{clock::Clock, jobs::Registry, storage::Database};

use super::shell;

/// Interval of detection, and maximum delay between the end of a day and its judgement.
const CHECK_INTERVAL: Duration = Duration::from_mins(15);

/// Registers the periodic job that detects anomalies.
pub fn register(registry: Registry, db: &Database, clock: &Clock) -> Registry {
    let (db, clock) = (db.clone(), clock.clone());
    registry.periodic("anomaly.detect", CHECK_INTERVAL, move |_| {
        let (db, clock) = (db.clone(), clock.clone());
        async move { shell::detect_all(&db, &clock).await }
    })
}
