//! Limit of concurrent sockets or streams for each caller.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Clones share the count.
#[derive(Debug, Clone)]
pub struct PerCallerLimit {
    max_count: usize,
    counts: Arc<Mutex<HashMap<Arc<str>, usize>>>,
}

/// One of a caller's places, occupied until it is dropped.
#[derive(Debug)]
pub struct LimitGuard {
    caller: Arc<str>,
    limit: PerCallerLimit,
}

impl PerCallerLimit {
    pub fn new(limit: usize) -> Self {
        Self { max_count: limit, counts: Arc::default() }
    }

    /// Takes a place for a caller; `None` if the caller has reached the limit.
    pub fn enter(&self, caller_id: &Arc<str>) -> Option<LimitGuard> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(caller_id.clone()).or_default();
        if *count >= self.max_count {
            return None;
        }
        *count += 1;
        Some(LimitGuard { caller: caller_id.clone(), limit: self.clone() })
    }

    pub fn max_per_caller(&self) -> usize {
        self.max_count
    }

    /// Returns the number held by all callers together.
    pub fn count(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

impl Drop for LimitGuard {
    fn drop(&mut self) {
        let mut counts = self.limit.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_what_they_may_and_leaves_nothing_behind() {
        let limit = PerCallerLimit::new(2);
        let (ann, bob) = ("ann".into(), "bob".into());
        let places = (limit.enter(&ann).unwrap(), limit.enter(&ann).unwrap());
        assert!(limit.enter(&ann).is_none(), "a third is too much");
        let other = limit.enter(&bob).expect("another's are counted apart");
        drop(places.0);
        assert!(limit.enter(&ann).is_some());
        drop((places.1, other));
        assert_eq!((limit.count(), limit.counts.lock().unwrap().len()), (0, 0));
    }
}
