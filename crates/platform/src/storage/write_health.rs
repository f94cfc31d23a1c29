//! State of the database as failed writes reveal it, which all its connections share.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{outage::Outage, timeline::Timeline};

/// State of the database as failed writes reveal it. Clones share it.
#[derive(Clone, Default)]
pub(super) struct WriteHealth(Arc<Mutex<LastFailures>>, Outage, Timeline);

#[derive(Clone, Copy, Default)]
pub(super) struct LastFailures {
    /// Time when the server of all earlier connections was found to be read-only.
    pub(super) left: Option<Instant>,
    /// Start of the last request to the server over which a connection broke, or that got no
    /// response.
    lost: Option<Instant>,
    pub(super) no_room: Option<Instant>,
    /// Time when partitions were last created because a row had none.
    pub(super) no_partition: Option<Instant>,
}

impl WriteHealth {
    pub(super) fn lock(&self) -> MutexGuard<'_, LastFailures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the server can be reached.
    pub(super) fn outage(&self) -> &Outage {
        &self.1
    }

    /// The timeline that the server writes.
    pub(super) fn timeline(&self) -> &Timeline {
        &self.2
    }

    /// Whether a connection so old may still be used.
    pub(super) fn holds(&self, age: Duration) -> bool {
        self.lock().left.is_none_or(|left| left.elapsed() > age)
    }

    /// Prevents the use of all connections opened before.
    pub(super) fn discard_connections(&self) {
        self.lock().left = Some(Instant::now());
    }

    /// Records that a connection broke, or gave no answer, during a statement that began then.
    pub(super) fn record_loss(&self, start: Instant) {
        let mut last = self.lock();
        last.lost = last.lost.max(Some(start));
    }

    /// Whether a connection that last received an answer at `since` may still be used: no later
    /// statement has shown that the server is gone.
    pub(super) fn is_usable_since(&self, since: Instant) -> bool {
        self.lock().lost.is_none_or(|lost| since >= lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_of_before_a_loss_is_left_and_what_was_heard_of_since_is_kept() {
        let (write_health, now) = (WriteHealth::default(), Instant::now());
        let ago = |seconds| now.checked_sub(Duration::from_secs(seconds)).unwrap_or(now);
        assert!(write_health.is_usable_since(ago(60)), "nothing was lost");
        write_health.record_loss(ago(5));
        write_health.record_loss(ago(9));
        assert!(!write_health.is_usable_since(ago(7)) && write_health.is_usable_since(ago(3)));
    }

    #[test]
    fn what_is_older_than_the_finding_is_left_and_what_is_newer_is_kept() {
        let write_health = WriteHealth::default();
        assert!(write_health.holds(Duration::from_hours(1)), "nothing was found");
        write_health.lock().left = Instant::now().checked_sub(Duration::from_secs(5));
        assert!(!write_health.holds(Duration::from_mins(1)));
        assert!(write_health.holds(Duration::from_secs(1)));
    }
}
