//! The timeline that this process has last seen its database write.

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// A timeline, and whether its commits wait for a standby.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::storage) struct TimelineState {
    pub(in crate::storage) timeline: i64,
    pub(in crate::storage) is_synchronous: bool,
}

/// The timeline that a process writes to. Clones share it.
#[derive(Clone, Default)]
pub(in crate::storage) struct Timeline(pub(in crate::storage) Arc<Inner>);

#[derive(Default)]
pub(in crate::storage) struct Inner {
    /// Set if connections are to be checked: whether those of the deployment's own work have a role.
    pub(super) armed: OnceLock<bool>,
    seen: Mutex<Option<TimelineState>>,
    /// Number of times that another timeline was found.
    generation: AtomicU64,
    /// Lock of the task that carries out the action after a check.
    pub(super) settling: tokio::sync::Mutex<()>,
    /// Reason that the server does not tell its timeline.
    pub(in crate::storage) refusal: OnceLock<String>,
}

impl Timeline {
    /// Begins to check new connections.
    pub(in crate::storage) fn start_checks(&self, has_roles: bool) {
        // A database is opened once.
        let _ = self.0.armed.set(has_roles);
    }

    pub(in crate::storage) fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::SeqCst)
    }

    pub(in crate::storage) fn lock_seen(&self) -> MutexGuard<'_, Option<TimelineState>> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_refusal(&self, why: &str) {
        if self.0.refusal.set(why.to_owned()).is_ok() {
            tracing::warn!(
                why,
                "Postgres does not say which timeline it writes: after a failover that lost commits, `entrepot epoch` has to be run"
            );
        }
    }

    /// Records the timeline that was settled. If it differs from the last one, followers of journals check them again.
    pub(super) fn record_timeline(&self, now: TimelineState, was_promoted: bool) {
        // Both are set under one lock: a task that finds the new timeline also finds the new count.
        let mut seen = self.lock_seen();
        let before = seen.replace(now);
        if was_promoted || before.is_some_and(|before| before.timeline != now.timeline) {
            self.0.generation.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(timeline: i64, is_synchronous: bool) -> TimelineState {
        TimelineState { timeline, is_synchronous }
    }

    #[test]
    fn who_follows_a_journal_is_told_of_a_promotion_and_of_nothing_else() {
        let timeline = Timeline::default();
        for (now, was_promoted, generation) in [
            (seen(1, false), false, 0),
            (seen(1, true), false, 0),
            // Another process settled it.
            (seen(2, true), false, 1),
            (seen(2, true), false, 1),
            (seen(2, true), true, 2),
        ] {
            timeline.record_timeline(now, was_promoted);
            assert_eq!(timeline.generation(), generation, "{now:?}");
        }
    }
}
