//! How much anyone may ask for: token buckets that are emptied by what is asked and fill again with time, in this process or, where there is
//! a Redis, for all nodes together; classes of attempts, such as wrong passwords; and how much one tenant may have running at once.
//!
//! A bucket is one number, the moment at which it will be full again: taking moves it on, and waiting needs no work.

pub mod core;
mod client;
mod concurrency;
mod host;
mod buckets;
mod remote;
mod shell;

pub use self::core::{Allowance, Attempts, Empty, Key, PASSWORD, TOTP};
pub use client::{Papers, RedisClient, RedisError, client as redis_client, server_time as redis_time};
pub use concurrency::{ConcurrencyLimits, Pass, QueueFull};
pub use host::host;
pub use remote::Redis;
pub use shell::{Now, RateLimiter};
