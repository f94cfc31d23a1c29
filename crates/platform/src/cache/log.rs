//! What is known of a tenant's changes: which remembered row is still what the database says.

use std::collections::HashMap;

use uuid::Uuid;

/// Changes that are remembered; beyond, the older half is given up.
const MOST: usize = 10_000;

/// Every change after `since` and up to `known` is in `changed`.
#[derive(Debug, Default)]
pub struct Log {
    epoch: Uuid,
    since: i64,
    known: i64,
    changed: HashMap<Uuid, i64>,
}

impl Log {
    /// Up to where changes are known; None when nothing is, or it is of another epoch.
    pub fn known_of(&self, epoch: Uuid) -> Option<i64> {
        (self.epoch == epoch && !epoch.is_nil()).then_some(self.known)
    }

    /// Knows nothing but that all changes after `since` are about to be learnt, up to `known`.
    pub fn begin(&mut self, epoch: Uuid, since: i64, known: i64) {
        // Another request may have been here meanwhile and know more.
        if self.epoch != epoch || self.known <= known {
            *self = Self { epoch, since, known, changed: HashMap::new() };
        }
    }

    /// Takes in all changes up to `known` that were not known yet.
    pub fn learn(&mut self, changes: Vec<(i64, Uuid)>, known: i64) {
        for (seq, id) in changes {
            let last = self.changed.entry(id).or_insert(seq);
            *last = seq.max(*last);
        }
        self.known = self.known.max(known);
        if self.changed.len() > MOST {
            let mut seqs: Vec<i64> = self.changed.values().copied().collect();
            let (_, middle, _) = seqs.select_nth_unstable(MOST / 2);
            self.since = self.since.max(*middle);
            let since = self.since;
            self.changed.retain(|_, seq| *seq > since);
        }
    }

    /// Whether a row that was read in `epoch`, when the tenant's master data stood at `as_of`, has not changed since.
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
        assert_eq!(log.known_of(EPOCH), None, "nothing is known at first");
        log.begin(EPOCH, 10, 20);
        for (as_of, current) in [(9, false), (10, true), (20, true)] {
            assert_eq!(log.is_current(id(1), EPOCH, as_of), current, "{as_of}: what changed before 10 is not known");
        }
        log.learn(vec![(21, id(1)), (25, id(2))], 30);
        assert_eq!(log.known_of(EPOCH), Some(30));
        assert!(!log.is_current(id(1), EPOCH, 20) && log.is_current(id(1), EPOCH, 21), "read after its change");
        assert!(log.is_current(id(3), EPOCH, 20), "another row did not change");
        assert!(!log.is_current(id(3), Uuid::from_u128(8), 30), "another epoch is another history");
        assert_eq!(log.known_of(Uuid::from_u128(8)), None);
    }

    #[test]
    fn what_is_learnt_late_or_twice_takes_nothing_back() {
        let mut log = Log::default();
        log.begin(EPOCH, 0, 10);
        log.learn(vec![(40, id(1))], 40);
        log.learn(vec![(12, id(1))], 12);
        assert!(!log.is_current(id(1), EPOCH, 39) && log.known_of(EPOCH) == Some(40));
        log.begin(EPOCH, 0, 11);
        assert!(!log.is_current(id(1), EPOCH, 39), "whoever begins late does not forget what another has learnt");
    }

    #[test]
    fn too_many_changes_give_up_the_older_ones_and_the_rows_read_before_them() {
        let mut log = Log::default();
        log.begin(EPOCH, 0, 0);
        let changes = (1..=MOST as i64 + 1).map(|seq| (seq, id(seq as u128))).collect();
        log.learn(changes, MOST as i64 + 1);
        assert!(log.changed.len() <= MOST / 2 + 1);
        assert!(!log.is_current(id(999_999), EPOCH, 10), "read before what is still known");
        assert!(log.is_current(id(999_999), EPOCH, MOST as i64));
        assert!(!log.is_current(id(MOST as u128), EPOCH, MOST as i64 - 1), "the newest changes are known");
    }
}
