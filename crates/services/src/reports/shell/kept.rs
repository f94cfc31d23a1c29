//! Dashboards that this node has made: kept for a minute, or for some seconds once something has changed that they show.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use entity::prelude::Timestamp;
use tokio::time::{Instant, sleep_until};

/// Dashboards that are kept; the one that was asked for longest ago gives way.
const MOST: usize = 256;
/// How old one may be that the journal has left behind, and one that it has not: what is overdue changes with time alone.
const MOST_AGE_MICROS: i64 = 5_000_000;
const MOST_STILL_MICROS: i64 = 60_000_000;

/// Between two that are made for followers of one at least, however many there are.
const EVERY: Duration = Duration::from_secs(1);

/// How far a value may be behind the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staleness {
    /// Some seconds.
    Seconds,
    /// By nothing that was recorded before it is asked for. It may take a second.
    None,
}

/// Where the journal stands, as far as the value shows it, the time, and how far the value may be behind.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub seq: i64,
    pub now: Timestamp,
    pub staleness: Staleness,
}

/// A value, the last event that it shows, and when it was made: by the clock, and for pauses.
struct Held<V> {
    value: Arc<V>,
    seq: i64,
    made_at: Timestamp,
    since: Instant,
}

/// A place for a value, and the turn to make it.
struct Slot<V> {
    turn: tokio::sync::Mutex<()>,
    held: Mutex<Option<Held<V>>>,
}

struct Slots<K, V> {
    /// Goes up with each request.
    asked: u64,
    of: HashMap<K, (u64, Arc<Slot<V>>)>,
}

/// Values by what they were asked for. Clones share them.
pub struct Kept<K, V>(Arc<Mutex<Slots<K, V>>>);

impl<K, V> Clone for Kept<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Slots { asked: 0, of: HashMap::new() })))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<V> Slot<V> {
    fn held(&self, wanted: Wanted) -> Option<Arc<V>> {
        let held = lock(&self.held);
        let held = held.as_ref()?;
        let age = wanted.now.micros() - held.made_at.micros();
        let most = match wanted.staleness {
            _ if held.seq >= wanted.seq => MOST_STILL_MICROS,
            Staleness::Seconds => MOST_AGE_MICROS,
            Staleness::None => return None,
        };
        (0..=most).contains(&age).then(|| held.value.clone())
    }
    fn seq(&self) -> Option<i64> {
        lock(&self.held).as_ref().map(|held| held.seq)
    }
    fn since(&self) -> Option<Instant> {
        lock(&self.held).as_ref().map(|held| held.since)
    }
}

impl<K: Clone + Eq + Hash, V> Kept<K, V> {
    fn place(&self, key: &K) -> Arc<Slot<V>> {
        let mut places = lock(&self.0);
        places.asked += 1;
        let asked = places.asked;
        if places.of.len() >= MOST && !places.of.contains_key(key) {
            let oldest = places.of.iter().min_by_key(|(_, (asked, _))| *asked).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                places.of.remove(&oldest);
            }
        }
        let make = || (asked, Arc::new(Slot { turn: tokio::sync::Mutex::default(), held: Mutex::new(None) }));
        let (last, place) = places.of.entry(key.clone()).or_insert_with(make);
        *last = asked;
        place.clone()
    }

    /// The value of before, where it is new enough.
    pub fn ready(&self, key: &K, wanted: Wanted) -> Option<Arc<V>> {
        self.place(key).held(wanted)
    }

    /// The last event that the value of before shows.
    pub fn seq(&self, key: &K) -> Option<i64> {
        self.place(key).seq()
    }

    /// The value of before, where it is new enough; else one that is made now, once for all who ask meanwhile, and the last event that it shows.
    pub async fn get<E>(
        &self,
        key: &K,
        wanted: Wanted,
        make: impl Future<Output = Result<(V, i64), E>> + Send,
    ) -> Result<Arc<V>, E> {
        let place = self.place(key);
        if let Some(value) = place.held(wanted) {
            return Ok(value);
        }
        let _mine = place.turn.lock().await;
        // Somebody else has made it while this one waited.
        if let Some(value) = place.held(wanted) {
            return Ok(value);
        }
        // Followers come back with every event: those of one dashboard have one made a second between them.
        if let Some(since) = place.since().filter(|_| wanted.staleness == Staleness::None) {
            sleep_until(since + EVERY).await;
        }
        let (made, seq) = make.await?;
        let value = Arc::new(made);
        *lock(&place.held) = Some(Held { value: value.clone(), seq, made_at: wanted.now, since: Instant::now() });
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const SECOND: i64 = 1_000_000;

    fn wanted(seq: i64, seconds: i64) -> Wanted {
        Wanted { seq, now: Timestamp(seconds * SECOND), staleness: Staleness::Seconds }
    }

    #[tokio::test]
    async fn a_value_is_made_again_when_the_journal_has_moved_and_it_is_old() {
        let (kept, made) = (Kept::<u8, u32>::default(), AtomicU32::new(0));
        let get = async |key: u8, seq: i64, seconds: i64| {
            let make = async { Ok::<_, ()>((made.fetch_add(1, Ordering::Relaxed), seq)) };
            *kept.get(&key, wanted(seq, seconds), make).await.unwrap()
        };
        assert_eq!((get(1, 7, 0).await, get(1, 7, 60).await), (0, 0), "nothing has happened");
        assert_eq!((get(1, 8, 3).await, get(1, 8, 5).await, get(1, 8, 6).await), (0, 0, 1));
        assert_eq!((get(2, 8, 6).await, get(1, 9, 11).await), (2, 1));
        assert_eq!(get(1, 9, 2).await, 3, "a clock that was set back makes nothing young");
        assert_eq!(get(2, 8, 67).await, 4, "time passes, though nothing happens");
    }

    #[tokio::test]
    async fn a_follower_is_shown_the_last_event_and_waits_a_second_for_it() {
        let kept = Kept::<u8, i64>::default();
        let get = async |seq: i64, staleness: Staleness| {
            let make = async { Ok::<_, ()>((seq, seq)) };
            *kept.get(&1, Wanted { staleness, ..wanted(seq, 0) }, make).await.unwrap()
        };
        let began = Instant::now();
        assert_eq!((get(7, Staleness::None).await, get(8, Staleness::Seconds).await, kept.seq(&1)), (7, 7, Some(7)));
        assert_eq!((get(8, Staleness::None).await, began.elapsed() >= EVERY), (8, true));
    }

    #[tokio::test]
    async fn those_who_ask_together_are_answered_once() {
        let (kept, made) = (Kept::<u8, u32>::default(), AtomicU32::new(0));
        let get = async || {
            let make = async {
                tokio::task::yield_now().await;
                Ok::<_, ()>((made.fetch_add(1, Ordering::Relaxed), 1))
            };
            *kept.get(&1, wanted(1, 0), make).await.unwrap()
        };
        let all = tokio::join!(get(), get(), get());
        assert_eq!((all, made.load(Ordering::Relaxed)), ((0, 0, 0), 1));
    }

    #[tokio::test]
    async fn the_one_that_was_asked_for_longest_ago_gives_way() {
        let (kept, made) = (Kept::<u32, u32>::default(), AtomicU32::new(0));
        let get = async |key: u32| {
            let make = async { Ok::<_, ()>((made.fetch_add(1, Ordering::Relaxed), 1)) };
            *kept.get(&key, wanted(1, 0), make).await.unwrap()
        };
        for key in 0..=MOST as u32 {
            get(key).await;
        }
        assert_eq!((get(1).await, lock(&kept.0).of.len()), (1, MOST));
        assert_eq!(get(0).await, MOST as u32 + 1, "the first had to go");
    }
}
