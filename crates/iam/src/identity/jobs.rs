//! Background work of identity on every node: sessions that other nodes ended, times of use,
//! rotation of keys.

use std::time::Duration;

use platform::{clock::sleep, storage::Fault};

use super::Identity;

/// Interval of polls for sessions that were ended on other nodes: together with the cache's
/// lifetime of a session, an end takes effect everywhere within five seconds.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Polls between writes of sessions' use and reads of the signing keys: ten seconds.
const POLLS_PER_WRITE: u32 = 5;

pub async fn run(identity: Identity) {
    let mut polls: u32 = 0;
    loop {
        sleep(POLL_INTERVAL).await;
        polls = polls.wrapping_add(1);
        log("ends of sessions", identity.refresh_watched_sessions().await);
        if polls.is_multiple_of(POLLS_PER_WRITE) {
            log("the use of sessions", identity.note_use().await);
            log("signing keys", identity.maintain_signing_keys().await);
        }
    }
}

/// A glance that failed is followed by another.
fn log(task: &str, outcome: Result<(), Fault>) {
    if let Err(fault) = outcome {
        tracing::warn!(error = %fault, "cleanup failed: {task}");
    }
}
