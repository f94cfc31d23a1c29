//! Limit of the waiting lines of a tenant's heavy commands: as many as are written in time.

use std::{collections::HashMap, time::Duration};

use entity::prelude::TenantId;
use tokio::time::Instant;

use super::limits::{EXCLUSIVE_WEIGHT, MAX_WAIT, SHARED_WEIGHT};

/// Maximum tenants with a measurement of their own; beyond it all are forgotten.
const TENANTS: usize = 1_024;

/// Pace of one tenant's heavy commands: it includes the heavy commands of other tenants that run
/// between them, and shared transactions.
pub(super) struct HeavyPace {
    /// Time when the last heavy command of a tenant was taken, and the lines of its transaction:
    /// while another one waits behind it.
    taken: HashMap<TenantId, (Instant, usize)>,
    /// Lines of a tenant that may wait before its next heavy command is refused, by its own last
    /// measurement: a tenant with slow commands causes no refusals for others.
    rooms: HashMap<TenantId, usize>,
    /// The same limit for tenants without a measurement, from the last measurement of another
    /// tenant.
    others: usize,
}

/// Returns the lines that a command of this weight counts for. The weight of a command that is
/// decided alone does not tell its lines: it counts as a full transaction.
pub(super) const fn lines(weight: usize) -> usize {
    if weight == EXCLUSIVE_WEIGHT { SHARED_WEIGHT } else { weight }
}

impl HeavyPace {
    pub(super) fn new() -> Self {
        Self { taken: HashMap::new(), rooms: HashMap::new(), others: usize::MAX }
    }
    /// Returns the lines of a tenant that may wait before its next heavy command is refused.
    pub(super) fn room(&self, tenant: TenantId) -> usize {
        self.rooms.get(&tenant).copied().unwrap_or(self.others)
    }
    /// Records the start of a tenant's transaction of so many lines, which begins with a heavy
    /// command. If it waited behind the previous one, that one's duration is measured.
    pub(super) fn record_taken(&mut self, tenant: TenantId, lines: usize, has_next: bool, now: Instant) {
        if let Some((since, before)) = self.taken.remove(&tenant) {
            self.record_duration(tenant, before, now.duration_since(since));
        }
        if has_next {
            self.taken.insert(tenant, (now, lines));
        }
    }
    /// Drops the start of a transaction that was not written: its duration is no measurement.
    pub(super) fn forget(&mut self, tenant: TenantId) {
        self.taken.remove(&tenant);
    }
    /// Doubles the limit of a tenant's waiting lines if a single heavy command reached it. Any
    /// further command was refused then, so no turn could be measured and a slow moment would limit
    /// the tenant for ever. The limit lasts until the next measurement.
    pub(super) fn double_limit(&mut self, tenant: TenantId, waited: usize) {
        let max_lines = self.room(tenant);
        if waited >= max_lines {
            self.store_room(tenant, max_lines.saturating_mul(2));
        }
    }
    /// Records that so many lines of a tenant were written in this time. The lines of one
    /// transaction may always wait.
    pub(super) fn record_duration(&mut self, tenant: TenantId, lines: usize, duration: Duration) {
        if !duration.is_zero() {
            let max_lines = lines as f64 * MAX_WAIT.as_secs_f64() / duration.as_secs_f64();
            self.others = (max_lines as usize).max(SHARED_WEIGHT);
            self.store_room(tenant, self.others);
        }
    }
    fn store_room(&mut self, tenant: TenantId, room: usize) {
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
        pace.record_taken(tenant, LINES, true, start);
        assert_eq!(pace.room(tenant), usize::MAX, "nothing was measured yet");
        pace.record_taken(tenant, LINES, false, start + MAX_WAIT / 4);
        assert_eq!(pace.room(tenant), 4 * LINES);
        pace.record_taken(tenant, LINES, true, start + 2 * MAX_WAIT);
        assert_eq!(pace.room(tenant), 4 * LINES, "none waited meanwhile");
        pace.forget(tenant);
        pace.record_taken(tenant, LINES, true, start + 3 * MAX_WAIT);
        assert_eq!(pace.room(tenant), 4 * LINES, "the last one was put back");
        pace.record_taken(tenant, LINES, true, start + 9 * MAX_WAIT);
        assert_eq!(pace.room(tenant), SHARED_WEIGHT, "what fits one transaction may always wait");
    }

    #[test]
    fn a_slow_moment_does_not_bind_commands_that_fill_the_room_alone() {
        let (mut pace, tenant) = (HeavyPace::new(), TenantId::NIL);
        pace.double_limit(tenant, SHARED_WEIGHT);
        assert_eq!(pace.room(tenant), usize::MAX);
        pace.record_duration(tenant, SHARED_WEIGHT, 9 * MAX_WAIT);
        pace.double_limit(tenant, SHARED_WEIGHT - 1);
        assert_eq!(pace.room(tenant), SHARED_WEIGHT, "another one had room");
        pace.double_limit(tenant, SHARED_WEIGHT);
        pace.double_limit(tenant, SHARED_WEIGHT);
        assert_eq!(pace.room(tenant), 2 * SHARED_WEIGHT, "now another one has room");
    }

    #[test]
    fn a_tenant_is_measured_by_its_own_commands_and_a_new_one_by_the_last() {
        let mut pace = HeavyPace::new();
        pace.record_duration(tenant(1), SHARED_WEIGHT, MAX_WAIT / 4);
        pace.record_duration(tenant(2), SHARED_WEIGHT, 9 * MAX_WAIT);
        assert_eq!([1, 2, 3].map(|n| pace.room(tenant(n))), [4 * SHARED_WEIGHT, SHARED_WEIGHT, SHARED_WEIGHT]);
        pace.double_limit(tenant(3), SHARED_WEIGHT);
        assert_eq!([2, 3, 4].map(|n| pace.room(tenant(n))), [SHARED_WEIGHT, 2 * SHARED_WEIGHT, SHARED_WEIGHT]);
    }

    #[test]
    fn measurements_of_more_tenants_than_are_kept_begin_anew() {
        let mut pace = HeavyPace::new();
        (0..=TENANTS as u128).for_each(|n| pace.record_duration(tenant(n), SHARED_WEIGHT, MAX_WAIT));
        assert_eq!(pace.rooms.len(), 1);
    }
}
