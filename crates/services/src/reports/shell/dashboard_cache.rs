//! Dashboards that this node has computed, cached for a minute. After a change that a dashboard
//! includes, the cached one is returned while it is computed again.

mod renew;

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use entity::prelude::Timestamp;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep_until},
};

/// Maximum cached dashboards; the least recently requested one is evicted.
const MAX: usize = 256;
/// Maximum age of a cached dashboard that is behind the journal, and of one that is not: overdue
/// figures change with time alone.
const MAX_AGE_MICROS: i64 = 5_000_000;
const MAX_UNCHANGED_AGE_MICROS: i64 = 60_000_000;

/// Minimum interval between two computations of a dashboard for followers, however many there are.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// The minimum interval as a multiple of the last computation's duration: expensive dashboards are
/// computed more rarely.
const PAUSE_FACTOR: u32 = 10;
/// Maximum concurrent computations for followers, or while a cached value is returned: each caller
/// chooses its own dashboard, so there may be many.
const MAX_CONCURRENT_COMPUTATIONS: usize = 4;

/// Allowed delay of a value behind the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staleness {
    /// Some seconds.
    Seconds,
    /// None up to the requested event. The answer may take a second, or ten times as long as the
    /// last computation.
    None,
}

/// Last event that the value has to show, the time, and the allowed delay.
#[derive(Debug, Clone, Copy)]
pub struct Freshness {
    pub seq: i64,
    pub now: Timestamp,
    pub staleness: Staleness,
}

/// A cached value, the last event that it includes, the start of its computation, and the moment
/// before which none is computed for followers.
struct CachedValue<V> {
    value: Arc<V>,
    seq: i64,
    made_at: Timestamp,
    started_at: Instant,
    not_before: Instant,
}

/// Slot of a value, with the lock of its computation. Followers take a lock of their own first:
/// while they wait for a pause to end they do not block queries.
struct Slot<V> {
    computation_lock: Arc<tokio::sync::Mutex<()>>,
    followers: tokio::sync::Mutex<()>,
    cached: Mutex<Option<CachedValue<V>>>,
}

struct Slots<K, V> {
    /// Count of requests so far: the number of the last one.
    requests: u64,
    /// Slots, each with the number of its last request.
    by_key: HashMap<K, (u64, Arc<Slot<V>>)>,
}

struct Shared<K, V> {
    slots: Mutex<Slots<K, V>>,
    makers: Arc<Semaphore>,
}

/// Cache of values by their request. Clones share it.
pub struct ValueCache<K, V>(Arc<Shared<K, V>>);

impl<K, V> Clone for ValueCache<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> Default for ValueCache<K, V> {
    fn default() -> Self {
        let slots = Mutex::new(Slots { requests: 0, by_key: HashMap::new() });
        Self(Arc::new(Shared { slots, makers: Arc::new(Semaphore::new(MAX_CONCURRENT_COMPUTATIONS)) }))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the pause of followers after a computation that took so long.
fn follower_pause(took: Duration) -> Duration {
    MIN_INTERVAL.max(took.saturating_mul(PAUSE_FACTOR))
}

impl<V> Slot<V> {
    fn new() -> Self {
        Self { computation_lock: Arc::default(), followers: tokio::sync::Mutex::default(), cached: Mutex::new(None) }
    }
    /// The value, if it is new enough for a caller that has waited since `requested_at`.
    fn fresh_value(&self, freshness: Freshness, requested_at: Instant) -> Option<Arc<V>> {
        let cached = lock(&self.cached);
        let cached = cached.as_ref()?;
        // The value was computed after the request: it includes all earlier events, except those
        // that the facts lack.
        if cached.started_at > requested_at {
            return Some(cached.value.clone());
        }
        let age = freshness.now.micros() - cached.made_at.micros();
        let max_age = match freshness.staleness {
            _ if cached.seq >= freshness.seq => MAX_UNCHANGED_AGE_MICROS,
            Staleness::Seconds => MAX_AGE_MICROS,
            Staleness::None => return None,
        };
        // Others' clocks were read a little earlier or later.
        (-MAX_AGE_MICROS..=max_age).contains(&age).then(|| cached.value.clone())
    }
    /// The value of the last minute, regardless of later events, and the last event that it
    /// includes.
    fn recent_value(&self, now: Timestamp) -> Option<(Arc<V>, i64)> {
        let cached = lock(&self.cached);
        let cached = cached.as_ref()?;
        let age = now.micros() - cached.made_at.micros();
        (-MAX_AGE_MICROS..=MAX_UNCHANGED_AGE_MICROS).contains(&age).then(|| (cached.value.clone(), cached.seq))
    }
    fn store_value(&self, (value, seq): (Arc<V>, i64), made_at: Timestamp, start: Instant) {
        let not_before = Instant::now() + follower_pause(start.elapsed());
        *lock(&self.cached) = Some(CachedValue { value, seq, made_at, started_at: start, not_before });
    }
    /// No value is computed for followers, or while this one is returned, before `until`.
    fn block_until(&self, until: Instant) {
        if let Some(cached) = lock(&self.cached).as_mut() {
            cached.not_before = cached.not_before.max(until);
        }
    }
    fn seq(&self) -> Option<i64> {
        lock(&self.cached).as_ref().map(|cached| cached.seq)
    }
    /// Records that no event up to `seq` changes the value.
    fn extend_seq(&self, seq: i64) {
        if let Some(cached) = lock(&self.cached).as_mut() {
            cached.seq = cached.seq.max(seq);
        }
    }
    fn not_before(&self) -> Option<Instant> {
        lock(&self.cached).as_ref().map(|cached| cached.not_before)
    }
}

impl<K: Clone + Eq + Hash, V> ValueCache<K, V> {
    fn slot_for(&self, key: &K) -> Arc<Slot<V>> {
        let mut all_slots = lock(&self.0.slots);
        all_slots.requests += 1;
        let request = all_slots.requests;
        if all_slots.by_key.len() >= MAX && !all_slots.by_key.contains_key(key) {
            let oldest = all_slots.by_key.iter().min_by_key(|(_, (last, _))| *last).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                all_slots.by_key.remove(&oldest);
            }
        }
        let (last, slot) = all_slots.by_key.entry(key.clone()).or_insert_with(|| (request, Arc::new(Slot::new())));
        *last = request;
        slot.clone()
    }

    /// The cached value, if it is new enough or nothing has changed since; otherwise a new one,
    /// which is computed once for all concurrent callers. Only the caller that computes checks
    /// whether an event has changed the value.
    pub async fn get<E, C>(
        &self,
        key: &K,
        freshness: Freshness,
        has_changed: impl FnOnce(i64) -> C + Send,
        computation: impl Future<Output = Result<(V, i64), E>> + Send,
    ) -> Result<Arc<V>, E>
    where
        C: Future<Output = Result<bool, E>> + Send,
    {
        let slot = self.slot_for(key);
        let requested_at = Instant::now();
        if let Some(value) = slot.fresh_value(freshness, requested_at) {
            return Ok(value);
        }
        // Followers return with every event: those of one dashboard share one computation, and then
        // wait for the pause.
        let _follower = if freshness.staleness == Staleness::None {
            let first = slot.followers.lock().await;
            if let Some(value) = slot.fresh_value(freshness, requested_at) {
                return Ok(value);
            }
            if let Some(not_before) = slot.not_before() {
                sleep_until(not_before).await;
            }
            Some((first, self.0.makers.acquire().await.ok()))
        } else {
            None
        };
        let _turn_guard = slot.computation_lock.lock().await;
        // Another caller has computed the value while this one waited.
        if let Some(value) = slot.fresh_value(freshness, requested_at) {
            return Ok(value);
        }
        if let Some(shown_seq) = slot.seq()
            && shown_seq < freshness.seq
            && !has_changed(shown_seq).await?
        {
            slot.extend_seq(freshness.seq);
            if let Some(value) = slot.fresh_value(freshness, requested_at) {
                return Ok(value);
            }
        }
        let started_at = Instant::now();
        let (computed, seq) = computation.await?;
        let value = Arc::new(computed);
        let made_at = add_elapsed(freshness.now, started_at.duration_since(requested_at));
        slot.store_value((value.clone(), seq), made_at, started_at);
        Ok(value)
    }
}

/// The time `elapsed` after another.
pub fn add_elapsed(time: Timestamp, elapsed: Duration) -> Timestamp {
    Timestamp(time.micros().saturating_add(i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, ready},
        sync::atomic::{AtomicU32, Ordering},
    };

    use super::*;

    const SECOND: i64 = 1_000_000;

    fn freshness_at(seq: i64, seconds: i64) -> Freshness {
        Freshness { seq, now: Timestamp(seconds * SECOND), staleness: Staleness::Seconds }
    }
    fn changed(_: i64) -> Ready<Result<bool, ()>> {
        ready(Ok(true))
    }

    #[tokio::test]
    async fn a_value_is_made_again_when_the_journal_has_moved_and_it_is_old() {
        let (kept, made) = (ValueCache::<u8, u32>::default(), AtomicU32::new(0));
        let get = async |key: u8, seq: i64, seconds: i64| {
            let make = async { Ok::<_, ()>((made.fetch_add(1, Ordering::Relaxed), seq)) };
            *kept.get(&key, freshness_at(seq, seconds), changed, make).await.unwrap()
        };
        assert_eq!((get(1, 7, 0).await, get(1, 7, 60).await), (0, 0), "nothing has happened");
        assert_eq!((get(1, 8, 3).await, get(1, 8, 5).await, get(1, 8, 6).await), (0, 0, 1));
        assert_eq!((get(2, 8, 6).await, get(1, 9, 11).await), (2, 1));
        assert_eq!(get(1, 9, 2).await, 1, "whose clock was read earlier is given what was just made");
        assert_eq!(get(1, 9, 0).await, 3, "a clock that was set back makes nothing young");
        assert_eq!(get(2, 8, 67).await, 4, "time passes, though nothing happens");
    }

    #[tokio::test]
    async fn a_follower_is_shown_the_last_event_and_waits_a_second_for_it() {
        let kept = ValueCache::<u8, i64>::default();
        let get = async |seq: i64, seconds: i64, staleness: Staleness| {
            let make = async { Ok::<_, ()>((seq, seq)) };
            *kept.get(&1, Freshness { staleness, ..freshness_at(seq, seconds) }, changed, make).await.unwrap()
        };
        let began = Instant::now();
        let first = (get(7, 0, Staleness::None).await, get(8, 0, Staleness::Seconds).await);
        assert_eq!((first, kept.slot_for(&1).seq()), ((7, 7), Some(7)));
        assert_eq!((get(8, 0, Staleness::None).await, began.elapsed() >= MIN_INTERVAL), (8, true));
        // A query does not wait, and the waiting follower gets the query's value.
        let began = Instant::now();
        let (followed, asked) = tokio::join!(get(9, 0, Staleness::None), async {
            (get(10, 20, Staleness::Seconds).await, began.elapsed() < MIN_INTERVAL)
        });
        assert_eq!((followed, asked), (10, (10, true)));
    }

    #[tokio::test]
    async fn followers_are_given_what_was_made_after_they_asked_though_facts_are_behind() {
        let (kept, made, looked) = (ValueCache::<u8, u32>::default(), AtomicU32::new(0), AtomicU32::new(0));
        let get = async |seq: i64, has_changed: bool| {
            let look = |_| {
                looked.fetch_add(1, Ordering::Relaxed);
                ready(Ok(has_changed))
            };
            let make = async { Ok::<_, ()>((made.fetch_add(1, Ordering::Relaxed), 7)) };
            *kept.get(&1, Freshness { staleness: Staleness::None, ..freshness_at(seq, 0) }, look, make).await.unwrap()
        };
        assert_eq!(get(7, true).await, 0);
        let all = tokio::join!(get(9, true), get(9, true), get(8, true));
        assert_eq!((all, looked.load(Ordering::Relaxed)), ((1, 1, 1), 1), "the maker alone looks");
        let none = tokio::join!(get(9, false), get(9, false));
        assert_eq!((none, looked.load(Ordering::Relaxed)), ((1, 1), 2), "nothing has happened that it shows");
    }

    #[test]
    fn what_is_dear_is_made_more_rarely() {
        for (took, expected) in [(0, 1_000), (99, 1_000), (200, 2_000), (3_000, 30_000)] {
            assert_eq!(follower_pause(Duration::from_millis(took)), Duration::from_millis(expected), "{took}");
        }
    }

    #[tokio::test]
    async fn those_who_ask_together_are_answered_once() {
        let (kept, made) = (ValueCache::<u8, u32>::default(), AtomicU32::new(0));
        let get = async || {
            let make = async {
                tokio::task::yield_now().await;
                Ok::<_, ()>((made.fetch_add(1, Ordering::Relaxed), 1))
            };
            *kept.get(&1, freshness_at(1, 0), changed, make).await.unwrap()
        };
        let all = tokio::join!(get(), get(), get());
        assert_eq!((all, made.load(Ordering::Relaxed)), ((0, 0, 0), 1));
    }

    #[tokio::test]
    async fn the_one_that_was_asked_for_longest_ago_gives_way() {
        let (kept, made) = (ValueCache::<u32, u32>::default(), AtomicU32::new(0));
        let get = async |key: u32| {
            let make = async { Ok::<_, ()>((made.fetch_add(1, Ordering::Relaxed), 1)) };
            *kept.get(&key, freshness_at(1, 0), changed, make).await.unwrap()
        };
        for key in 0..=MAX as u32 {
            get(key).await;
        }
        assert_eq!((get(1).await, lock(&kept.0.slots).by_key.len()), (1, MAX));
        assert_eq!(get(0).await, MAX as u32 + 1, "the first had to go");
    }
}
