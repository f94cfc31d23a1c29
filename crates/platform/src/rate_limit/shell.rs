//! Spending of points: from the shared bucket while Redis answers, otherwise from this node's own.

use std::sync::{Arc, atomic::Ordering};

use super::{
    buckets::{Bucket, Buckets},
    core::{Allowance, Attempts, InsufficientPoints, Key},
    remote::{Redis, RedisResponse},
};

/// Microseconds of a monotonic clock, which is never set back.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Interval in microseconds: a node that has to ask Redis again within it requests more points at
/// once.
const FREQUENT_REQUEST_MICROS: i64 = 100_000;

/// Maximum part of a bucket, as its divisor, that a node takes in advance.
const MAX_PREFETCH_DIVISOR: u32 = 20;

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

    /// Takes so many points and returns the number left.
    ///
    /// # Errors
    /// The bucket holds fewer points; none is taken.
    pub async fn take(&self, key: Key, allowance: Allowance, points: u32) -> Result<u32, InsufficientPoints> {
        let now = (self.now)();
        let bucket = self.buckets.of(key, now);
        let Some(redis) = &self.redis else { return bucket.take(allowance, now, points) };
        if bucket.spend_prefetched(points) {
            return Ok(points_left(&bucket, allowance, now));
        }
        // Other nodes only take points: if too few were left at Redis's last answer, too few are
        // left now, so a flood causes no requests to Redis.
        bucket.holds(allowance, now, points.saturating_sub(prefetched_points(&bucket)))?;
        let mut prefetch = bucket.asking.lock().await;
        // The task that held the lock before may have taken enough points for this one too.
        if bucket.spend_prefetched(points) {
            return Ok(points_left(&bucket, allowance, now));
        }
        let now = (self.now)();
        let max_extra = allowance.most / MAX_PREFETCH_DIVISOR;
        let is_often = now.saturating_sub(prefetch.at) < FREQUENT_REQUEST_MICROS;
        let extra = if is_often { (prefetch.extra * 2).max(points).min(max_extra) } else { 0 };
        let needed_points = points.saturating_sub(prefetched_points(&bucket));
        // Apart: the futures of all operations would hold it, with a Redis or without.
        match Box::pin(redis.take(key, allowance, (needed_points, needed_points.saturating_add(extra)), now)).await {
            None => bucket.take(allowance, now, points),
            Some(RedisResponse { taken, full_in }) => {
                (prefetch.at, prefetch.extra) = (now, extra);
                bucket.store_shared_state(now.saturating_add(full_in));
                bucket.in_hand.fetch_add(i64::from(taken), Ordering::Relaxed);
                if bucket.spend_prefetched(points) {
                    return Ok(points_left(&bucket, allowance, now));
                }
                let wait_micros = full_in.saturating_add(allowance.unit().saturating_mul(i64::from(needed_points)));
                Err(InsufficientPoints {
                    left: points_left(&bucket, allowance, now),
                    wait: wait_micros.saturating_sub(allowance.window()).max(1),
                })
            }
        }
    }

    /// Returns points to the bucket that were taken and not needed.
    pub fn refund_points(&self, key: Key, allowance: Allowance, points: u32) {
        let bucket = self.buckets.of(key, (self.now)());
        if self.redis.is_none() {
            return bucket.refund_points(allowance, points);
        }
        // Returned points stay with this node, as far as it may hold them; the bucket refills the
        // rest with time.
        let max_held = i64::from((allowance.most / MAX_PREFETCH_DIVISOR).max(1));
        let keep = |held_points: i64| Some((held_points + i64::from(points)).min(max_held.max(held_points)));
        let _ = bucket.in_hand.fetch_update(Ordering::Relaxed, Ordering::Relaxed, keep);
    }

    /// Counts an attempt of this class, under a name: an account, an address, a user.
    ///
    /// # Errors
    /// There were too many attempts; the error has the time to wait.
    pub async fn attempt(&self, class: &Attempts, name: &str) -> Result<(), InsufficientPoints> {
        self.take(Key::named(class.kind, name), class.allowance, 1).await.map(drop)
    }

    /// Refunds an attempt that succeeded: only failed ones count.
    pub fn refund_attempt(&self, class: &Attempts, name: &str) {
        self.refund_points(Key::named(class.kind, name), class.allowance, 1);
    }

    /// Returns the buckets' time: microseconds without a meaning outside this process.
    pub fn now(&self) -> i64 {
        (self.now)()
    }
}

fn prefetched_points(bucket: &Bucket) -> u32 {
    u32::try_from(bucket.in_hand.load(Ordering::Relaxed).max(0)).unwrap_or(u32::MAX)
}

fn points_left(bucket: &Bucket, allowance: Allowance, now: i64) -> u32 {
    bucket.points_left(allowance, now).saturating_add(prefetched_points(bucket)).min(allowance.most)
}
