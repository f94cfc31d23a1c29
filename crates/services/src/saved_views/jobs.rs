//! Timed work: schedules that are due get a run each, and a run makes its table and sends it.

use std::time::Duration;

use iam::identity::Identity;
use platform::jobs::Registry;

use super::{
    SavedViews,
    shell::{MOST_TRIES, SCHEDULE_JOB, STOPPED_JOB, STOPPED_TRIES},
};

/// Between two looks for schedules that are due.
const EVERY: Duration = Duration::from_secs(5);

/// Adds what this room knows how to do.
#[must_use]
pub fn register(registry: Registry, saved_views: &SavedViews, identity: &Identity) -> Registry {
    let (due, running, stopped) = (saved_views.clone(), saved_views.clone(), saved_views.clone());
    let (identity, members) = (identity.clone(), identity.clone());
    registry
        .periodic("view.schedule", EVERY, move |_| {
            let saved_views = due.clone();
            async move { saved_views.post_due().await.map(drop) }
        })
        .queued(SCHEDULE_JOB, MOST_TRIES, move |_, job| {
            let (saved_views, identity) = (running.clone(), identity.clone());
            async move { saved_views.send_scheduled(&identity, identity.mailer(), &job).await }
        })
        .queued(STOPPED_JOB, STOPPED_TRIES, move |_, job| {
            let (saved_views, identity) = (stopped.clone(), members.clone());
            async move { saved_views.tell_owner(&identity, identity.mailer(), &job).await }
        })
}
