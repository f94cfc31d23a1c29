//! The buckets of this node by key: read by many threads at once, and limited in number.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use tokio::sync::Mutex;

use super::core::{Allowance, InsufficientPoints, Key};

/// Number of shards: enough that threads seldom wait for each other.
const SHARDS: usize = 16;

/// Maximum buckets in a shard. All shards hold up to 130,000, in some 20 MB; full buckets are
/// dropped first, as a new one is equal to them.
const MAX: usize = 8_192;

/// State of one bucket on this node.
#[derive(Debug, Default)]
pub struct Bucket {
    /// Time when the bucket is full again.
    full_at: AtomicI64,
    /// Points that Redis has given to this node and that are not spent yet.
    pub in_hand: AtomicI64,
    /// Locked during a request to Redis: other tasks wait for its answer instead of sending their
    /// own.
    pub asking: Mutex<LastRequest>,
}

/// Last request to Redis.
#[derive(Debug, Default)]
pub struct LastRequest {
    pub at: i64,
    /// Points requested beyond the needed ones.
    pub extra: u32,
}

impl Bucket {
    /// Takes from this node's own bucket.
    pub fn take(&self, allowance: Allowance, now: i64, points: u32) -> Result<u32, InsufficientPoints> {
        let mut full_at = self.full_at.load(Ordering::Relaxed);
        loop {
            let next_full_at = allowance.take(full_at, now, points)?;
            match self.full_at.compare_exchange_weak(full_at, next_full_at, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(allowance.points_left(next_full_at, now)),
                Err(current) => full_at = current,
            }
        }
    }

    /// Checks that the bucket holds so many points, as far as this node knows; takes none.
    pub fn holds(&self, allowance: Allowance, now: i64, points: u32) -> Result<(), InsufficientPoints> {
        allowance.take(self.full_at.load(Ordering::Relaxed), now, points).map(drop)
    }

    pub fn refund_points(&self, allowance: Allowance, points: u32) {
        let refund = |full_at| Some(allowance.refund_points(full_at, points));
        // The closure never declines.
        let _ = self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, refund);
    }

    pub fn points_left(&self, allowance: Allowance, now: i64) -> u32 {
        allowance.points_left(self.full_at.load(Ordering::Relaxed), now)
    }

    /// Stores the state of the shared bucket that Redis returned; if Redis fails, this node
    /// continues from it.
    pub fn store_shared_state(&self, full_at: i64) {
        self.full_at.store(full_at, Ordering::Relaxed);
    }

    /// Takes from the points that Redis has given to this node already.
    pub fn spend_prefetched(&self, points: u32) -> bool {
        let points = i64::from(points);
        let spend = |prefetched: i64| (prefetched >= points).then_some(prefetched - points);
        self.in_hand.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_ok()
    }
}

/// All buckets of this node.
#[derive(Debug, Default)]
pub struct Buckets {
    shards: [RwLock<HashMap<Key, Arc<Bucket>>>; SHARDS],
    hasher: RandomState,
}

impl Buckets {
    pub fn of(&self, key: Key, now: i64) -> Arc<Bucket> {
        let shard = &self.shards[self.hasher.hash_one(key) as usize % SHARDS];
        if let Some(bucket) = shard.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return bucket.clone();
        }
        let mut buckets = shard.write().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX {
            sweep(&mut buckets, now);
        }
        buckets.entry(key).or_default().clone()
    }
}

/// Drops full buckets; if too few were full, also the fuller half of the rest.
fn sweep(buckets: &mut HashMap<Key, Arc<Bucket>>, now: i64) {
    buckets.retain(|_, bucket| bucket.full_at.load(Ordering::Relaxed) > now);
    if buckets.len() < MAX / 2 {
        return;
    }
    let mut moments: Vec<i64> = buckets.values().map(|bucket| bucket.full_at.load(Ordering::Relaxed)).collect();
    let middle = moments.len() / 2;
    let (_, median, _) = moments.select_nth_unstable(middle);
    let median = *median;
    let mut equal_count = 0usize;
    buckets.retain(|_, bucket| {
        let full_at = bucket.full_at.load(Ordering::Relaxed);
        equal_count += usize::from(full_at == median);
        full_at > median || (full_at == median && equal_count.is_multiple_of(2))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEW: Allowance = Allowance::within(10, 100);

    #[test]
    fn a_flood_of_strangers_is_bounded_and_spares_those_who_owe_most() {
        let buckets = Buckets::default();
        let debtor = Key::new("address", u128::MAX);
        buckets.of(debtor, 0).take(FEW, 0, 10).unwrap();
        for stranger in 0..300_000 {
            buckets.of(Key::new("address", stranger), 0).take(FEW, 0, 1).unwrap();
        }
        let kept: usize = buckets.shards.iter().map(|shard| shard.read().unwrap().len()).sum();
        assert!(kept <= SHARDS * MAX);
        assert_eq!(buckets.of(debtor, 0).points_left(FEW, 0), 0, "whoever has spent all is remembered");
    }

    #[test]
    fn many_threads_share_what_there_is_and_no_more() {
        let bucket = Bucket::default();
        let taken: u32 = std::thread::scope(|scope| {
            let thread = || (0..1_000).map(|_| u32::from(bucket.take(Allowance::within(1_000, 10), 5, 1).is_ok())).sum::<u32>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(thread)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(taken, 1_000);
    }
}
