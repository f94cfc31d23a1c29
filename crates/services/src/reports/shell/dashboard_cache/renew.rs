//! Values that are computed again while the cached ones are returned.

use std::{fmt::Display, hash::Hash, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};

use super::{Freshness, MIN_INTERVAL, ValueCache, follower_pause};

/// Timeout of a computation while the old value is shown: no caller waits for it, so none would
/// cancel it.
const RENEWAL_TIMEOUT: Duration = Duration::from_mins(1);

impl<K: Clone + Eq + Hash, V> ValueCache<K, V> {
    /// The cached value, if it is of the last minute, and whether it includes all events. An
    /// outdated one is computed again in the background, once for all concurrent callers and as
    /// rarely as for followers: later callers get the new one. Without a cached value one is
    /// computed now.
    pub async fn get_or_renew<E, C>(
        &self,
        key: &K,
        freshness: Freshness,
        has_changed: impl FnOnce(i64) -> C + Send,
        computation: impl Future<Output = Result<(V, i64), E>> + Send + 'static,
    ) -> Result<(Arc<V>, bool), E>
    where
        C: Future<Output = Result<bool, E>> + Send,
        V: Send + Sync + 'static,
        E: Display + Send + 'static,
    {
        let slot = self.slot_for(key);
        let Some((value, shown_seq)) = slot.recent_value(freshness.now) else {
            return Ok((self.get(key, freshness, has_changed, computation).await?, true));
        };
        if shown_seq >= freshness.seq {
            return Ok((value, true));
        }
        // Someone else has the turn, and looks or makes it.
        let Ok(turn_guard) = slot.computation_lock.clone().try_lock_owned() else { return Ok((value, false)) };
        if !has_changed(shown_seq).await? {
            slot.extend_seq(freshness.seq);
            return Ok((value, true));
        }
        let requested_at = Instant::now();
        if slot.not_before().is_none_or(|not_before| not_before <= requested_at)
            && let Ok(maker_permit) = self.0.makers.clone().try_acquire_owned()
        {
            // A computation that panics is not repeated at once, either.
            slot.block_until(requested_at + MIN_INTERVAL);
            tokio::spawn(async move {
                let _guards = (turn_guard, maker_permit);
                let error = match timeout(RENEWAL_TIMEOUT, computation).await {
                    Ok(Ok((computed, seq))) => return slot.store_value((Arc::new(computed), seq), freshness.now, requested_at),
                    Ok(Err(error)) => error.to_string(),
                    Err(timeout_error) => timeout_error.to_string(),
                };
                slot.block_until(Instant::now() + follower_pause(requested_at.elapsed()));
                tracing::warn!(%error, "a dashboard could not be recalculated: the old one is shown until it is a minute old");
            });
        }
        Ok((value, false))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::ready,
        sync::atomic::{AtomicU32, Ordering},
    };

    use entity::prelude::Timestamp;

    use super::{
        super::{Staleness, lock},
        *,
    };

    fn freshness_at(seq: i64, seconds: i64) -> Freshness {
        Freshness { seq, now: Timestamp(seconds * 1_000_000), staleness: Staleness::Seconds }
    }

    #[tokio::test]
    async fn what_has_changed_is_shown_as_it_was_while_it_is_made_anew_once() {
        let (kept, made) = (ValueCache::<u8, u32>::default(), Arc::new(AtomicU32::new(0)));
        let get = async |seq: i64, seconds: i64, has_changed: bool| {
            let made = made.clone();
            let make = async move { Ok::<_, String>((made.fetch_add(1, Ordering::Relaxed), seq)) };
            let look = move |_| ready(Ok(has_changed));
            let (value, is_current) = kept.get_or_renew(&1, freshness_at(seq, seconds), look, make).await.unwrap();
            (*value, is_current)
        };
        assert_eq!((get(7, 0, true).await, get(7, 60, true).await), ((0, true), (0, true)), "nothing has happened");
        assert_eq!((get(8, 1, false).await, get(8, 1, true).await), ((0, true), (0, true)), "nothing that it shows");
        assert_eq!((get(9, 1, true).await, made.load(Ordering::Relaxed)), ((0, false), 1), "it has just been made");
        tokio::time::sleep(MIN_INTERVAL).await;
        assert_eq!((get(9, 2, true).await, get(9, 2, true).await), ((0, false), (0, false)));
        while get(9, 2, true).await != (1, true) {
            tokio::task::yield_now().await;
        }
        assert_eq!(made.load(Ordering::Relaxed), 2, "once for all who asked");
        assert_eq!(get(10, 63, true).await, (2, true), "what is older than a minute is not shown");
    }

    #[tokio::test]
    async fn what_cannot_be_made_anew_is_tried_again_and_gives_its_turn_back() {
        let kept = ValueCache::<u8, u32>::default();
        let get = async |seq: i64, fails: u8| {
            let make = async move {
                assert!(fails < 2, "a maker that panics");
                if fails == 1 { Err("no".to_owned()) } else { Ok((seq as u32, seq)) }
            };
            let (value, is_current) = kept.get_or_renew(&1, freshness_at(seq, 0), |_| ready(Ok(true)), make).await.unwrap();
            (*value, is_current)
        };
        assert_eq!(get(7, 0).await, (7, true));
        for fails in [1, 2, 0] {
            let place = kept.slot_for(&1);
            let now = Instant::now();
            lock(&place.cached).as_mut().unwrap().not_before = now;
            assert_eq!(get(8, fails).await, (7, false));
            // The lock is released when the computation ends.
            drop(place.computation_lock.lock().await);
            assert!(place.not_before().unwrap() > now, "and not at once");
        }
        assert_eq!(get(8, 0).await, (8, true));
    }
}
