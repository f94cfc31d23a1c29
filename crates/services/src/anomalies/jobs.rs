//! Days are judged once they are over in their store.

use std::time::Duration;

use platform::{clock::Clock, jobs::Registry, storage::Database};

use super::shell;

/// How long after its end a day may be judged.
const EVERY: Duration = Duration::from_mins(15);

/// What workers know of anomalies.
pub fn register(registry: Registry, db: &Database, clock: &Clock) -> Registry {
    let (db, clock) = (db.clone(), clock.clone());
    registry.periodic("anomaly.detect", EVERY, move |_| {
        let (db, clock) = (db.clone(), clock.clone());
        async move { shell::detect_all(&db, &clock).await }
    })
}
