//! Rate limits: token buckets that requests empty and time refills, in this process or, where there
//! is a Redis, for all nodes together; classes of attempts, such as wrong passwords; and the number
//! of operations that one tenant runs at once.
//!
//! A bucket is one number, the moment at which it will be full again: taking moves it on, and
//! waiting needs no work.

pub mod core;
mod client;
mod concurrency;
mod host;
mod buckets;
mod remote;
mod shell;

pub use self::core::{Allowance, Attempts, InsufficientPoints, Key, PASSWORD, TOTP};
pub use client::{RedisClient, RedisError, RedisTlsFiles, client as redis_client, server_time as redis_time};
pub use concurrency::{ConcurrencyLimits, ConcurrencyPermit, QueueFull};
pub use host::host;
pub use remote::Redis;
pub use shell::{Now, RateLimiter};
