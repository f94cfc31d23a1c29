//! Timed work: each due schedule gets a run, which makes its table and sends it.

use std::time::Duration;

use iam::identity::Identity;
use platform::jobs::Registry;

use super::{
    SavedViews,
    shell::{MAX_TRIES, SCHEDULE_JOB, STOPPED_JOB, STOPPED_TRIES},
};

/// Interval between two checks for due schedules.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Registers the jobs of this room.
#[must_use]
pub fn register(registry: Registry, saved_views: &SavedViews, identity: &Identity) -> Registry {
    let (due, running, stopped) = (saved_views.clone(), saved_views.clone(), saved_views.clone());
    let (identity, members) = (identity.clone(), identity.clone());
    registry
        .periodic("view.schedule", CHECK_INTERVAL, move |_| {
            let saved_views = due.clone();
            async move { saved_views.enqueue_due().await.map(drop) }
        })
        .queued(SCHEDULE_JOB, MAX_TRIES, move |_, job| {
            let (saved_views, identity) = (running.clone(), identity.clone());
            async move { saved_views.send_scheduled(&identity, identity.mailer(), &job).await }
        })
        .queued(STOPPED_JOB, STOPPED_TRIES, move |_, job| {
            let (saved_views, identity) = (stopped.clone(), members.clone());
            async move { saved_views.notify_owner(&identity, identity.mailer(), &job).await }
        })
}
