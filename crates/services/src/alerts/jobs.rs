//! Timed work: follows the journals, checks dates, wakes snoozed alerts, sends e-mails. Jobs are
//! idempotent, also on several nodes at once: each writes only rows that are not yet written.

use std::time::Duration;

use platform::jobs::Registry;

use super::{Alerts, EMAIL_JOB};

/// Interval between two checks of the journals.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(500);
/// Interval between two checks for e-mails that are due.
const EMAIL_INTERVAL: Duration = Duration::from_secs(1);
/// Maximum delay before a snoozed alert wakes.
const WAKE_INTERVAL: Duration = Duration::from_secs(5);
/// Maximum delay before alerts follow a change of the local day: a subject expires, becomes overdue
/// or stops to be so.
const SCAN_INTERVAL: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_hours(1);
/// Tries before an e-mail is dead: with their pauses, most of an hour of an unavailable mail
/// server.
const MAX_FAILURES: i64 = 12;

/// Registers the jobs of this room.
#[must_use]
pub fn register(registry: Registry, alerts: &Alerts) -> Registry {
    let (following, scanning, waking, posting, sending, forgetting) =
        (alerts.clone(), alerts.clone(), alerts.clone(), alerts.clone(), alerts.clone(), alerts.clone());
    registry
        .periodic("alert.follow", FOLLOW_INTERVAL, move |_| {
            let alerts = following.clone();
            async move { alerts.follow_all().await.map(drop) }
        })
        .periodic("alert.scan", SCAN_INTERVAL, move |_| {
            let alerts = scanning.clone();
            async move { alerts.scan_all().await.map(drop) }
        })
        .periodic("alert.wake", WAKE_INTERVAL, move |_| {
            let alerts = waking.clone();
            async move { alerts.wake_all().await.map(drop) }
        })
        .periodic("alert.post", EMAIL_INTERVAL, move |_| {
            let alerts = posting.clone();
            async move { alerts.enqueue_due().await.map(drop) }
        })
        .periodic("alert.forget", HOUR, move |_| {
            let alerts = forgetting.clone();
            async move { alerts.delete_old_alerts().await.map(drop) }
        })
        .queued(EMAIL_JOB, MAX_FAILURES, move |_, job| {
            let alerts = sending.clone();
            async move { alerts.send(alerts.mailer_and_sender(), &job).await }
        })
}
