//! How many of something each of many may have at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Clones share the count.
#[derive(Debug, Clone)]
pub struct Crowd {
    most: usize,
    counts: Arc<Mutex<HashMap<Arc<str>, usize>>>,
}

/// One of them, for as long as it is held.
#[derive(Debug)]
pub struct Place {
    whose: Arc<str>,
    crowd: Crowd,
}

impl Crowd {
    pub fn new(most: usize) -> Self {
        Self { most, counts: Arc::default() }
    }

    /// A place for somebody; None when they have what they may.
    pub fn enter(&self, whose: &Arc<str>) -> Option<Place> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(whose.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place { whose: whose.clone(), crowd: self.clone() })
    }

    pub fn most(&self) -> usize {
        self.most
    }

    /// How many there are in all.
    pub fn count(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_what_they_may_and_leaves_nothing_behind() {
        let crowd = Crowd::new(2);
        let (ann, bob) = ("ann".into(), "bob".into());
        let places = (crowd.enter(&ann).unwrap(), crowd.enter(&ann).unwrap());
        assert!(crowd.enter(&ann).is_none(), "a third is too much");
        let other = crowd.enter(&bob).expect("another's are counted apart");
        drop(places.0);
        assert!(crowd.enter(&ann).is_some());
        drop((places.1, other));
        assert_eq!((crowd.count(), crowd.counts.lock().unwrap().len()), (0, 0));
    }
}
