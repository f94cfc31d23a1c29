//! What goes on beside the requests on every node: ends of sessions that other nodes decided, notes of use, the life of keys.

use std::time::Duration;

use platform::{clock::sleep, storage::Fault};

use super::Identity;

/// Between two looks for sessions that were ended elsewhere: with the seconds that a standing is believed, an end holds everywhere within five.
const GLANCE: Duration = Duration::from_secs(2);
/// Glances between notes of use and looks at the keys: ten seconds.
const SOMETIMES: u32 = 5;

pub async fn run(identity: Identity) {
    let mut glance: u32 = 0;
    loop {
        sleep(GLANCE).await;
        glance = glance.wrapping_add(1);
        log("ends of sessions", identity.notice_ends().await);
        if glance.is_multiple_of(SOMETIMES) {
            log("the use of sessions", identity.note_use().await);
            log("signing keys", identity.keep_keys().await);
        }
    }
}

/// A glance that failed is followed by another.
fn log(what: &str, outcome: Result<(), Fault>) {
    if let Err(fault) = outcome {
        tracing::warn!(error = %fault, "could not look after {what}");
    }
}
