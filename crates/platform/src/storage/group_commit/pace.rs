//! How many lines of a tenant's heavy commands may wait: as many as are written in time.

use std::{collections::HashMap, time::Duration};

use entity::prelude::TenantId;
use tokio::time::Instant;

use super::{ALONE, MOST_WAIT, SHARED_WEIGHT};

/// Tenants whose own measurements are kept. Beyond so many all are forgotten.
const TENANTS: usize = 1_024;

/// How fast heavy commands of one tenant follow each other: with the others of their kind that have a turn between them, and shared transactions.
pub(super) struct HeavyPace {
    /// When the last heavy command of a tenant was taken, and the lines of its transaction: while another one waits behind it.
    taken: HashMap<TenantId, (Instant, usize)>,
    /// Lines of a tenant that may wait before its next heavy command is refused, by its own last measurement: one whose commands are slow has nobody
    /// else's refused.
    rooms: HashMap<TenantId, usize>,
    /// The same of tenants that were not measured, by the last measurement of another.
    others: usize,
}

/// The lines that a command of this weight counts for. The weight of one that is decided alone says nothing of how many it has: it counts as a full
/// transaction.
pub(super) const fn lines(weight: usize) -> usize {
    if weight == ALONE { SHARED_WEIGHT } else { weight }
}

impl HeavyPace {
    pub(super) fn new() -> Self {
        Self { taken: HashMap::new(), rooms: HashMap::new(), others: usize::MAX }
    }
    /// Lines of a tenant that may wait before its next heavy command is refused.
    pub(super) fn room(&self, tenant: TenantId) -> usize {
        self.rooms.get(&tenant).copied().unwrap_or(self.others)
    }
    /// A tenant's transaction of so many lines, the first of which are heavy, begins. Where one waited behind the last, that tells how long its turn takes.
    pub(super) fn took(&mut self, tenant: TenantId, lines: usize, has_next: bool, now: Instant) {
        if let Some((since, before)) = self.taken.remove(&tenant) {
            self.measured(tenant, before, now.duration_since(since));
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
    pub(super) fn widen(&mut self, tenant: TenantId, waited: usize) {
        let room = self.room(tenant);
        if waited >= room {
            self.keep(tenant, room.saturating_mul(2));
        }
    }
    /// So many lines of a tenant were written in this time. What fits one transaction may always wait.
    pub(super) fn measured(&mut self, tenant: TenantId, lines: usize, took: Duration) {
        if !took.is_zero() {
            let most = lines as f64 * MOST_WAIT.as_secs_f64() / took.as_secs_f64();
            self.others = (most as usize).max(SHARED_WEIGHT);
            self.keep(tenant, self.others);
        }
    }
    fn keep(&mut self, tenant: TenantId, room: usize) {
        if self.rooms.len() >= TENANTS && !self.rooms.contains_key(&tenant) {
            self.rooms.clear();
        }
        self.rooms.insert(tenant, room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn heavy_commands_are_timed_from_one_to_the_next_that_waited() {
        const LINES: usize = 500;
        let (mut pace, start, tenant) = (HeavyPace::new(), Instant::now(), TenantId::NIL);
        pace.took(tenant, LINES, true, start);
        assert_eq!(pace.room(tenant), usize::MAX, "nothing was measured yet");
        pace.took(tenant, LINES, false, start + MOST_WAIT / 4);
        assert_eq!(pace.room(tenant), 4 * LINES);
        pace.took(tenant, LINES, true, start + 2 * MOST_WAIT);
        assert_eq!(pace.room(tenant), 4 * LINES, "none waited meanwhile");
        pace.forget(tenant);
        pace.took(tenant, LINES, true, start + 3 * MOST_WAIT);
        assert_eq!(pace.room(tenant), 4 * LINES, "the last one was put back");
        pace.took(tenant, LINES, true, start + 9 * MOST_WAIT);
        assert_eq!(pace.room(tenant), SHARED_WEIGHT, "what fits one transaction may always wait");
    }

    #[test]
    fn a_slow_moment_does_not_bind_commands_that_fill_the_room_alone() {
        let (mut pace, tenant) = (HeavyPace::new(), TenantId::NIL);
        pace.widen(tenant, SHARED_WEIGHT);
        assert_eq!(pace.room(tenant), usize::MAX);
        pace.measured(tenant, SHARED_WEIGHT, 9 * MOST_WAIT);
        pace.widen(tenant, SHARED_WEIGHT - 1);
        assert_eq!(pace.room(tenant), SHARED_WEIGHT, "another one had room");
        pace.widen(tenant, SHARED_WEIGHT);
        pace.widen(tenant, SHARED_WEIGHT);
        assert_eq!(pace.room(tenant), 2 * SHARED_WEIGHT, "now another one has room");
    }

    #[test]
    fn a_tenant_is_measured_by_its_own_commands_and_a_new_one_by_the_last() {
        let mut pace = HeavyPace::new();
        pace.measured(tenant(1), SHARED_WEIGHT, MOST_WAIT / 4);
        pace.measured(tenant(2), SHARED_WEIGHT, 9 * MOST_WAIT);
        assert_eq!([1, 2, 3].map(|n| pace.room(tenant(n))), [4 * SHARED_WEIGHT, SHARED_WEIGHT, SHARED_WEIGHT]);
        pace.widen(tenant(3), SHARED_WEIGHT);
        assert_eq!([2, 3, 4].map(|n| pace.room(tenant(n))), [SHARED_WEIGHT, 2 * SHARED_WEIGHT, SHARED_WEIGHT]);
    }

    #[test]
    fn measurements_of_more_tenants_than_are_kept_begin_anew() {
        let mut pace = HeavyPace::new();
        (0..=TENANTS as u128).for_each(|n| pace.measured(tenant(n), SHARED_WEIGHT, MOST_WAIT));
        assert_eq!(pace.rooms.len(), 1);
    }
}
