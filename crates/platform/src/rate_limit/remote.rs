//! Buckets that all nodes share, in Redis. One script reads, decides and writes; Redis runs it whole and by its own clock.
//!
//! A node does not ask for each operation: it takes a few more points than it needs when it has to ask often, and spends those by itself. What
//! all nodes together let through is still no more than the bucket held, for points in hand are out of it.

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

/// Longer than Redis takes on a bad day, shorter than a client notices.
const PATIENCE: Duration = Duration::from_millis(100);
const CONNECTING: Duration = Duration::from_millis(250);

/// After Redis has not answered, it is left alone for so long, in microseconds.
const PAUSE: i64 = 1_000_000;

/// KEYS: the bucket. ARGV: a point's time and the whole bucket's, in microseconds; the least and the most points to take.
/// Answers how many were taken, and how long the bucket now takes to be full.
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

/// A Redis that may come and go.
pub struct Redis {
    client: Client,
    connection: OnceCell<ConnectionManager>,
    script: Script,
    /// Before this moment it is not asked.
    silent_until: AtomicI64,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a password.
        f.write_str("Redis")
    }
}

/// What Redis has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub taken: u32,
    /// Until the bucket is full, in microseconds.
    pub full_in: i64,
}

impl Redis {
    /// Connects when it is first needed, so that a node starts without it.
    ///
    /// # Errors
    /// The address is not one.
    pub fn at(address: &str) -> Result<Self, RedisError> {
        Client::open(address).map(Self::of).map_err(RedisError::Address)
    }

    /// The same of a client that knows its server.
    pub fn of(client: Client) -> Self {
        Self { client, connection: OnceCell::new(), script: Script::new(TAKE), silent_until: AtomicI64::new(0) }
    }

    /// Takes between `least` and `most` points, or none. `None`: Redis does not answer, or has not of late.
    pub(super) async fn take(&self, key: Key, allowance: Allowance, (least, most): (u32, u32), now: i64) -> Option<Said> {
        let silent = self.silent_until.load(Ordering::Relaxed);
        if now < silent {
            return None;
        }
        // Of those who come after a pause, one tries and the others go on alone.
        if silent > 0 && self.silent_until.compare_exchange(silent, now + PAUSE, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return None;
        }
        match tokio::time::timeout(PATIENCE + CONNECTING, self.run(key, allowance, least, most)).await {
            Ok(Ok((taken, full_in))) => {
                if self.silent_until.swap(0, Ordering::Relaxed) > 0 {
                    tracing::info!("Redis answers again: budgets are common to all nodes");
                }
                Some(Said { taken, full_in })
            }
            Ok(Err(error)) => self.fell_silent(now, &error.to_string()),
            Err(_late) => self.fell_silent(now, "it takes too long"),
        }
    }

    fn fell_silent(&self, now: i64, why: &str) -> Option<Said> {
        if self.silent_until.swap(now + PAUSE, Ordering::Relaxed) == 0 {
            tracing::warn!(why, "Redis does not answer: until it does, each node keeps budgets of its own");
        }
        None
    }

    async fn run(&self, key: Key, allowance: Allowance, least: u32, most: u32) -> Result<(u32, i64), redis::RedisError> {
        let connect = || {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(CONNECTING))
                .set_response_timeout(Some(PATIENCE))
                .set_number_of_retries(1);
            ConnectionManager::new_with_config(self.client.clone(), config)
        };
        let mut connection = self.connection.get_or_try_init(connect).await?.clone();
        let name = format!("entrepot:budget:{}:{:032x}", key.kind, key.id);
        self.script
            .key(name)
            .arg(allowance.unit())
            .arg(allowance.window())
            .arg(least)
            .arg(most)
            .invoke_async(&mut connection)
            .await
    }
}
