//! Timed work: the journal is followed, days are looked at, alerts wake, letters leave. Doing it twice, or on several nodes at once, does nothing
//! more: what each writes, it writes only if nobody has.

use std::time::Duration;

use platform::jobs::Registry;

use super::{Alerts, EMAIL_JOB};

/// Between two looks at the journals.
const FOLLOW: Duration = Duration::from_millis(500);
/// Between two looks for letters that are due.
const POST: Duration = Duration::from_secs(1);
/// How late an alert may wake.
const WAKE: Duration = Duration::from_secs(5);
/// How late it may be noticed that something expires or is late, which changes with the day, or is so no more.
const SCAN: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_hours(1);
/// Tries before a letter is a dead one: with their pauses, most of an hour of a mail server that is away.
const MOST_FAILURES: i64 = 12;

/// Adds what this room knows how to do.
#[must_use]
pub fn register(registry: Registry, alerts: &Alerts) -> Registry {
    let (following, scanning, waking, posting, sending, forgetting) =
        (alerts.clone(), alerts.clone(), alerts.clone(), alerts.clone(), alerts.clone(), alerts.clone());
    registry
        .periodic("alert.follow", FOLLOW, move |_| {
            let alerts = following.clone();
            async move { alerts.follow_all().await.map(drop) }
        })
        .periodic("alert.scan", SCAN, move |_| {
            let alerts = scanning.clone();
            async move { alerts.scan_all().await.map(drop) }
        })
        .periodic("alert.wake", WAKE, move |_| {
            let alerts = waking.clone();
            async move { alerts.wake_all().await.map(drop) }
        })
        .periodic("alert.post", POST, move |_| {
            let alerts = posting.clone();
            async move { alerts.post_due().await.map(drop) }
        })
        .periodic("alert.forget", HOUR, move |_| {
            let alerts = forgetting.clone();
            async move { alerts.forget_old().await.map(drop) }
        })
        .queued(EMAIL_JOB, MOST_FAILURES, move |_, job| {
            let alerts = sending.clone();
            async move { alerts.send(alerts.letters_leave(), &job).await }
        })
}
