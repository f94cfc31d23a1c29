//! Spending: from the common bucket while Redis answers, from this node's own when it does not.

use std::sync::{Arc, atomic::Ordering};

use super::{
    buckets::{Bucket, Buckets},
    core::{Allowance, Attempts, Empty, Key},
    remote::{Redis, Said},
};

/// Microseconds of a monotonic clock, which is never set back.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Who has to ask Redis again within this time, in microseconds, asks for more at once.
const OFTEN: i64 = 100_000;

/// A node never has more of a bucket in hand than this part of it.
const PART: u32 = 20;

/// The buckets; clones share them.
#[derive(Clone)]
pub struct RateLimiter {
    now: Now,
    buckets: Arc<Buckets>,
    redis: Option<Arc<Redis>>,
}

impl std::fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimiter").field("redis", &self.redis).finish_non_exhaustive()
    }
}

impl RateLimiter {
    pub fn new(now: Now, redis: Option<Redis>) -> Self {
        Self { now, buckets: Arc::default(), redis: redis.map(Arc::new) }
    }

    /// Takes so many points, and says how many are left.
    ///
    /// # Errors
    /// There are not so many; none is taken.
    pub async fn take(&self, key: Key, allowance: Allowance, points: u32) -> Result<u32, Empty> {
        let now = (self.now)();
        let bucket = self.buckets.of(key, now);
        let Some(redis) = &self.redis else { return bucket.take(allowance, now, points) };
        if bucket.spend_in_hand(points) {
            return Ok(left(&bucket, allowance, now));
        }
        // Other nodes only take: if there was too little when Redis was last heard of, there is now, and a flood need not ask.
        bucket.holds(allowance, now, points.saturating_sub(held(&bucket)))?;
        let mut asking = bucket.asking.lock().await;
        // Whoever asked before may have brought enough for us too.
        if bucket.spend_in_hand(points) {
            return Ok(left(&bucket, allowance, now));
        }
        let now = (self.now)();
        let most_extra = allowance.most / PART;
        let is_often = now.saturating_sub(asking.at) < OFTEN;
        let extra = if is_often { (asking.extra * 2).max(points).min(most_extra) } else { 0 };
        let needed = points.saturating_sub(held(&bucket));
        // Apart: the futures of all operations would hold it, with a Redis or without.
        match Box::pin(redis.take(key, allowance, (needed, needed.saturating_add(extra)), now)).await {
            None => bucket.take(allowance, now, points),
            Some(Said { taken, full_in }) => {
                (asking.at, asking.extra) = (now, extra);
                bucket.stands(now.saturating_add(full_in));
                bucket.in_hand.fetch_add(i64::from(taken), Ordering::Relaxed);
                if bucket.spend_in_hand(points) {
                    return Ok(left(&bucket, allowance, now));
                }
                let over = full_in.saturating_add(allowance.unit().saturating_mul(i64::from(needed)));
                Err(Empty { left: left(&bucket, allowance, now), wait: over.saturating_sub(allowance.window()).max(1) })
            }
        }
    }

    /// Puts back what was taken and not needed.
    pub fn put_back(&self, key: Key, allowance: Allowance, points: u32) {
        let bucket = self.buckets.of(key, (self.now)());
        if self.redis.is_none() {
            return bucket.put_back(allowance, points);
        }
        // What is put back stays in hand, as far as a node may hold it; the rest comes back by itself, with time.
        let most = i64::from((allowance.most / PART).max(1));
        let keep = |held: i64| Some((held + i64::from(points)).min(most.max(held)));
        let _ = bucket.in_hand.fetch_update(Ordering::Relaxed, Ordering::Relaxed, keep);
    }

    /// How many points there are, as far as this node knows.
    pub fn left(&self, key: Key, allowance: Allowance) -> u32 {
        let now = (self.now)();
        left(&self.buckets.of(key, now), allowance, now)
    }

    /// One attempt of this class, under a name: an account, an address, a user.
    ///
    /// # Errors
    /// There were too many; it may be tried again after the time that is said.
    pub async fn attempt(&self, class: &Attempts, name: &str) -> Result<(), Empty> {
        self.take(Key::named(class.kind, name), class.allowance, 1).await.map(drop)
    }

    /// Takes an attempt back: it was a good one, and only bad ones count.
    pub fn forgive(&self, class: &Attempts, name: &str) {
        self.put_back(Key::named(class.kind, name), class.allowance, 1);
    }

    /// The clock that buckets go by: microseconds that mean nothing outside this process.
    pub fn now(&self) -> i64 {
        (self.now)()
    }
}

fn held(bucket: &Bucket) -> u32 {
    u32::try_from(bucket.in_hand.load(Ordering::Relaxed).max(0)).unwrap_or(u32::MAX)
}

fn left(bucket: &Bucket, allowance: Allowance, now: i64) -> u32 {
    bucket.left(allowance, now).saturating_add(held(bucket)).min(allowance.most)
}
