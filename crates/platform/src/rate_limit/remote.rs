//! Buckets that all nodes share, in Redis. One script reads, decides and writes; Redis runs it
//! atomically and by its own clock.
//!
//! A node does not ask Redis for each operation: if it has to ask often, it takes a few more points
//! than it needs and spends those locally. All nodes together still spend no more than the bucket
//! held, as points taken in advance are gone from it.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use redis::{
    Client, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::sync::OnceCell;

use super::{
    RedisError,
    core::{Allowance, Key},
};

/// Timeout of a request: longer than Redis takes on a bad day, shorter than a client notices.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(100);
const CONNECT_TIMEOUT: Duration = Duration::from_millis(250);

/// Microseconds for which Redis is not used after it has not answered.
const RETRY_BACKOFF_MICROS: i64 = 1_000_000;

/// KEYS: the bucket. ARGV: the refill time of a point and of the whole bucket, in microseconds; the
/// minimum and maximum points to take. Returns the points taken, and the time until the bucket is
/// full.
const TAKE: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local unit, window, least, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local full_at = tonumber(redis.call('GET', KEYS[1]) or '0')
if full_at < now then full_at = now end
-- No bucket takes longer to fill: the clock here has been set back since it was written.
if full_at > now + window then
  full_at = now + window
  redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil(window / 1000))
end
local taken = math.min(most, math.floor((window - (full_at - now)) / unit))
if taken < least then taken = 0 end
if taken > 0 then
  full_at = full_at + taken * unit
  redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
end
return { taken, full_at - now }
";

/// A Redis, which may be unavailable at times.
pub struct Redis {
    client: Client,
    connection: OnceCell<ConnectionManager>,
    script: Script,
    /// Time until which Redis is not used.
    silent_until: AtomicI64,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a password.
        f.write_str("Redis")
    }
}

/// Response of Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RedisResponse {
    pub taken: u32,
    /// Microseconds until the bucket is full.
    pub full_in: i64,
}

impl Redis {
    /// Creates the connection, which is opened on first use, so that a node starts without Redis.
    ///
    /// # Errors
    /// The address is invalid.
    pub fn at(address: &str) -> Result<Self, RedisError> {
        Client::open(address).map(Self::of).map_err(RedisError::Address)
    }

    /// Creates the connection from an existing client.
    pub fn of(client: Client) -> Self {
        Self { client, connection: OnceCell::new(), script: Script::new(TAKE), silent_until: AtomicI64::new(0) }
    }

    /// Takes between `min_points` and `max_points` points, or none. `None` if Redis does not answer, or is not
    /// used since it did not.
    pub(super) async fn take(
        &self,
        key: Key,
        allowance: Allowance,
        (min_points, max_points): (u32, u32),
        now: i64,
    ) -> Option<RedisResponse> {
        let pause_end = self.silent_until.load(Ordering::Relaxed);
        if now < pause_end {
            return None;
        }
        // After a pause one caller tries Redis, and the others use the node's own bucket.
        if pause_end > 0
            && self
                .silent_until
                .compare_exchange(pause_end, now + RETRY_BACKOFF_MICROS, Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
        {
            return None;
        }
        match tokio::time::timeout(RESPONSE_TIMEOUT + CONNECT_TIMEOUT, self.run(key, allowance, min_points, max_points)).await {
            Ok(Ok((taken, full_in))) => {
                if self.silent_until.swap(0, Ordering::Relaxed) > 0 {
                    tracing::info!("Redis answers again: rate limits are shared by all nodes");
                }
                Some(RedisResponse { taken, full_in })
            }
            Ok(Err(error)) => self.mark_unavailable(now, &error.to_string()),
            Err(_late) => self.mark_unavailable(now, "timeout"),
        }
    }

    fn mark_unavailable(&self, now: i64, why: &str) -> Option<RedisResponse> {
        if self.silent_until.swap(now + RETRY_BACKOFF_MICROS, Ordering::Relaxed) == 0 {
            tracing::warn!(why, "Redis does not answer: until it does, each node counts rate limits by itself");
        }
        None
    }

    async fn run(
        &self,
        key: Key,
        allowance: Allowance,
        min_points: u32,
        max_points: u32,
    ) -> Result<(u32, i64), redis::RedisError> {
        let connect = || {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(CONNECT_TIMEOUT))
                .set_response_timeout(Some(RESPONSE_TIMEOUT))
                .set_number_of_retries(1);
            ConnectionManager::new_with_config(self.client.clone(), config)
        };
        let mut connection = self.connection.get_or_try_init(connect).await?.clone();
        let name = format!("entrepot:budget:{}:{:032x}", key.kind, key.id);
        self.script
            .key(name)
            .arg(allowance.unit())
            .arg(allowance.window())
            .arg(min_points)
            .arg(max_points)
            .invoke_async(&mut connection)
            .await
    }
}
