//! Lower bounds for the time of events after a number: on Postgres the journal is partitioned by
//! month, and a number alone identifies no month.
//!
//! Within a tenant, time of recording never decreases after the number in
//! `tenant_counter.ordered_from`. So events after one that was read here were recorded at its time
//! or later. The bounds are kept in memory; the first read of a tenant searches all partitions.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use entity::prelude::{TenantId, Timestamp};

use super::Reads;

/// Condition of a statement that reads events after `$2`: `$3` is the moment from
/// `JournalBounds::start`. For events recorded before time was kept in order, all parts are
/// searched. A day is left for clocks that differ, and no event is of a later moment than the
/// counter's.
pub(super) const RECORDED_SINCE: &str =
    " AND recorded_at >= (SELECT CASE WHEN c.ordered_from <= $2 THEN $3::bigint ELSE 0::bigint END
      FROM tenant_counter c WHERE c.tenant_id = $1)
    AND recorded_at <= (SELECT greatest(c.recorded_at, (extract(epoch FROM now()) * 1000000)::bigint + 86400000000)
      FROM tenant_counter c WHERE c.tenant_id = $1)";

/// Blocks of time have 2^41 µs, some 25 days.
const BITS: u32 = 41;
const DAY: i64 = 86_400_000_000;
/// Blocks kept for each tenant: readers that are further behind search all partitions.
const BLOCKS: usize = 3;
/// Maximum tenants with bounds.
const TENANTS: usize = 50_000;

/// Bounds of each tenant: for a block of time, the smallest number after which no event was
/// recorded before that block.
#[derive(Clone, Default)]
pub(super) struct JournalBounds(Arc<Mutex<HashMap<TenantId, BTreeMap<i64, i64>>>>);

impl JournalBounds {
    /// Returns the bounds of the reader's database; None if its journal is one table.
    pub fn of(reads: &impl Reads) -> Option<Self> {
        reads.extensions().get::<Self>()
    }

    /// Returns a time before which no event after this number was recorded.
    pub fn start(&self, tenant: TenantId, seq: i64) -> i64 {
        let bounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let blocks = bounds.get(&tenant).into_iter().flatten();
        blocks.rev().find(|(_, first)| **first <= seq).map_or(0, |(block, _)| block << BITS)
    }

    /// Updates the bounds with the number and the time of an event that was read.
    pub fn note(&self, tenant: TenantId, seq: i64, recorded_at: Timestamp) {
        let mut bounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if bounds.len() >= TENANTS && !bounds.contains_key(&tenant) {
            bounds.clear();
        }
        let blocks = bounds.entry(tenant).or_default();
        let block = (recorded_at.micros() - DAY) >> BITS;
        blocks.entry(block).and_modify(|first| *first = seq.min(*first)).or_insert(seq);
        while blocks.len() > BLOCKS {
            blocks.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_reader_looks_from_the_last_event_on_that_it_is_behind() {
        let bounds = JournalBounds::default();
        let (tenant, other) = (TenantId::from_uuid(Uuid::from_u128(1)), TenantId::from_uuid(Uuid::from_u128(2)));
        assert_eq!(bounds.start(tenant, 5), 0);
        let at = |block: i64| Timestamp((block << BITS) + DAY + 7);
        bounds.note(tenant, 9, at(4));
        assert_eq!(bounds.start(tenant, 8), 0, "what lies between is not known");
        assert_eq!(bounds.start(tenant, 9), 4 << BITS);
        bounds.note(tenant, 6, Timestamp(at(4).micros() + DAY));
        assert_eq!(bounds.start(tenant, 6), 4 << BITS, "the smallest number counts");
        bounds.note(tenant, 20, Timestamp(at(5).micros() - 8));
        assert_eq!(bounds.start(tenant, 20), 4 << BITS, "a day is left for clocks that differ");
        assert_eq!(bounds.start(other, 20), 0);
        for block in 5..9 {
            bounds.note(tenant, block * 10, at(block));
        }
        assert_eq!((bounds.start(tenant, 80), bounds.start(tenant, 69)), (8 << BITS, 6 << BITS));
        assert_eq!(bounds.start(tenant, 50), 0, "who is far behind looks everywhere");
    }
}
