//! Clocks that are set back, this node's and that of Redis: no caller waits longer than an empty
//! bucket takes to fill.

use std::process::Command;

use entrepot::rate_limit::{Allowance, Key, RateLimiter, Redis};

use super::rate_limit::OwnRedis;

#[tokio::test]
async fn a_redis_whose_clock_goes_back_keeps_nobody_waiting() {
    let Some(redis) = OwnRedis::start() else { return };
    let started_at = std::time::Instant::now();
    let node = || {
        let gone = move || i64::try_from(started_at.elapsed().as_micros()).unwrap();
        RateLimiter::new(std::sync::Arc::new(gone), Some(Redis::at(&redis.url).unwrap()))
    };
    let (key, points) = (Key::named("test", "ann"), Allowance::within(10, 20));
    node().take(key, points, 10).await.unwrap();
    // The value of a bucket that a node wrote while its clock was an hour ahead.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let full_at = (now + std::time::Duration::from_hours(1)).as_micros().to_string();
    let name = format!("entrepot:budget:{}:{:032x}", key.kind, key.id);
    let port = redis.url.rsplit(':').next().unwrap();
    let set = Command::new("redis-cli").args(["-p", port, "SET", &name, &full_at]).output().unwrap();
    assert!(set.status.success(), "{set:?}");
    // Another node, which has no copy of the bucket yet.
    let other = node();
    let wait = other.take(key, points, 1).await.unwrap_err().wait_ms();
    assert!(wait <= 20_000, "{wait} ms for a bucket that is full after twenty seconds");
    tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
    assert!(other.take(key, points, 1).await.is_ok(), "and after that time it is let in");
}
