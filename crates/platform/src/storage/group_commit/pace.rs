//! How many lines of a tenant's heavy commands may wait: as many as are written in time.

use std::{collections::HashMap, time::Duration};

use entity::prelude::TenantId;
use tokio::time::Instant;

use super::{MOST_WAIT, SHARED_WEIGHT};

/// How fast heavy commands of one tenant follow each other: with the others of their kind that have a turn between them, and shared transactions.
pub(super) struct HeavyPace {
    /// When the last heavy command of a tenant was taken, and the lines of its transaction: while another one waits behind it.
    taken: HashMap<TenantId, (Instant, usize)>,
    /// Lines of a tenant that may wait before its next heavy command is refused.
    pub(super) room: usize,
}

impl HeavyPace {
    pub(super) fn new() -> Self {
        Self { taken: HashMap::new(), room: usize::MAX }
    }
    /// A tenant's transaction of so many lines, the first of which are heavy, begins. Where one waited behind the last, that tells how long its turn takes.
    pub(super) fn took(&mut self, tenant: TenantId, lines: usize, has_next: bool, now: Instant) {
        if let Some((since, before)) = self.taken.remove(&tenant) {
            self.measured(before, now.duration_since(since));
        }
        if has_next {
            self.taken.insert(tenant, (now, lines));
        }
    }
    /// What was taken was not written: how long it takes tells nothing.
    pub(super) fn forget(&mut self, tenant: TenantId) {
        self.taken.remove(&tenant);
    }
    /// So many lines waited of a tenant, with one heavy command. Where they alone filled the room, another one was refused that would have told how long a
    /// turn takes: a slow moment would bind for ever. So more may wait the next time, until that is measured.
    pub(super) fn widen(&mut self, waited: usize) {
        if waited >= self.room {
            self.room *= 2;
        }
    }
    /// So many lines were written in this time. What fits one transaction may always wait.
    pub(super) fn measured(&mut self, lines: usize, took: Duration) {
        if !took.is_zero() {
            let most = lines as f64 * MOST_WAIT.as_secs_f64() / took.as_secs_f64();
            self.room = (most as usize).max(SHARED_WEIGHT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heavy_commands_are_timed_from_one_to_the_next_that_waited() {
        const LINES: usize = 500;
        let (mut pace, start, tenant) = (HeavyPace::new(), Instant::now(), TenantId::NIL);
        pace.took(tenant, LINES, true, start);
        assert_eq!(pace.room, usize::MAX, "nothing was measured yet");
        pace.took(tenant, LINES, false, start + MOST_WAIT / 4);
        assert_eq!(pace.room, 4 * LINES);
        pace.took(tenant, LINES, true, start + 2 * MOST_WAIT);
        assert_eq!(pace.room, 4 * LINES, "none waited meanwhile");
        pace.forget(tenant);
        pace.took(tenant, LINES, true, start + 3 * MOST_WAIT);
        assert_eq!(pace.room, 4 * LINES, "the last one was put back");
        pace.took(tenant, LINES, true, start + 9 * MOST_WAIT);
        assert_eq!(pace.room, SHARED_WEIGHT, "what fits one transaction may always wait");
    }

    #[test]
    fn a_slow_moment_does_not_bind_commands_that_fill_the_room_alone() {
        let mut pace = HeavyPace::new();
        pace.widen(SHARED_WEIGHT);
        assert_eq!(pace.room, usize::MAX);
        pace.measured(SHARED_WEIGHT, 9 * MOST_WAIT);
        pace.widen(SHARED_WEIGHT - 1);
        assert_eq!(pace.room, SHARED_WEIGHT, "another one had room");
        pace.widen(SHARED_WEIGHT);
        pace.widen(SHARED_WEIGHT);
        assert_eq!(pace.room, 2 * SHARED_WEIGHT, "now another one has room");
    }
}
