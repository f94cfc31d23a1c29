//! Known changes of a tenant: they decide which cached rows are still current.

use std::collections::HashMap;

use uuid::Uuid;

/// Maximum changes remembered; beyond it the older half is dropped.
const MAX: usize = 10_000;

/// Changes of a tenant's rows: `changed` has every change after `since` up to `known`.
#[derive(Debug, Default)]
pub struct Log {
    epoch: Uuid,
    since: i64,
    known: i64,
    changed: HashMap<Uuid, i64>,
}

impl Log {
    /// Returns the number up to which changes are known; None if there are none of this epoch.
    pub fn known_up_to(&self, epoch: Uuid) -> Option<i64> {
        (self.epoch == epoch && !epoch.is_nil()).then_some(self.known)
    }

    /// Starts an empty log that will contain the changes after `since` up to `last_seq`.
    pub fn begin(&mut self, epoch: Uuid, since: i64, last_seq: i64) {
        // A concurrent request may have started a log that is further already.
        if self.epoch != epoch || self.known <= last_seq {
            *self = Self { epoch, since, known: last_seq, changed: HashMap::new() };
        }
    }

    /// Adds all changes up to `last_seq` that were not known yet.
    pub fn record_changes(&mut self, changes: Vec<(i64, Uuid)>, last_seq: i64) {
        for (seq, id) in changes {
            let last = self.changed.entry(id).or_insert(seq);
            *last = seq.max(*last);
        }
        self.known = self.known.max(last_seq);
        if self.changed.len() > MAX {
            let mut seqs: Vec<i64> = self.changed.values().copied().collect();
            let (_, middle, _) = seqs.select_nth_unstable(MAX / 2);
            self.since = self.since.max(*middle);
            let since = self.since;
            self.changed.retain(|_, seq| *seq > since);
        }
    }

    /// Whether a row that was read in `epoch` at version `as_of` of the tenant's master data has
    /// not changed since.
    pub fn is_current(&self, id: Uuid, epoch: Uuid, as_of: i64) -> bool {
        self.epoch == epoch && as_of >= self.since && self.changed.get(&id).is_none_or(|seq| as_of >= *seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: Uuid = Uuid::from_u128(7);
    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn a_row_is_current_until_a_change_of_it_is_learnt() {
        let mut log = Log::default();
        assert_eq!(log.known_up_to(EPOCH), None, "nothing is known at first");
        log.begin(EPOCH, 10, 20);
        for (as_of, current) in [(9, false), (10, true), (20, true)] {
            assert_eq!(log.is_current(id(1), EPOCH, as_of), current, "{as_of}: what changed before 10 is not known");
        }
        log.record_changes(vec![(21, id(1)), (25, id(2))], 30);
        assert_eq!(log.known_up_to(EPOCH), Some(30));
        assert!(!log.is_current(id(1), EPOCH, 20) && log.is_current(id(1), EPOCH, 21), "read after its change");
        assert!(log.is_current(id(3), EPOCH, 20), "another row did not change");
        assert!(!log.is_current(id(3), Uuid::from_u128(8), 30), "another epoch is another history");
        assert_eq!(log.known_up_to(Uuid::from_u128(8)), None);
    }

    #[test]
    fn what_is_learnt_late_or_twice_takes_nothing_back() {
        let mut log = Log::default();
        log.begin(EPOCH, 0, 10);
        log.record_changes(vec![(40, id(1))], 40);
        log.record_changes(vec![(12, id(1))], 12);
        assert!(!log.is_current(id(1), EPOCH, 39) && log.known_up_to(EPOCH) == Some(40));
        log.begin(EPOCH, 0, 11);
        assert!(!log.is_current(id(1), EPOCH, 39), "whoever begins late does not forget what another has learnt");
    }

    #[test]
    fn too_many_changes_give_up_the_older_ones_and_the_rows_read_before_them() {
        let mut log = Log::default();
        log.begin(EPOCH, 0, 0);
        let changes = (1..=MAX as i64 + 1).map(|seq| (seq, id(seq as u128))).collect();
        log.record_changes(changes, MAX as i64 + 1);
        assert!(log.changed.len() <= MAX / 2 + 1);
        assert!(!log.is_current(id(999_999), EPOCH, 10), "read before what is still known");
        assert!(log.is_current(id(999_999), EPOCH, MAX as i64));
        assert!(!log.is_current(id(MAX as u128), EPOCH, MAX as i64 - 1), "the newest changes are known");
    }
}
