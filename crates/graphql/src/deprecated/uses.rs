//! Uses of deprecated parts by API keys, as this node has counted them since it started. They are
//! not stored: a use costs its caller no statement, and a report covers one node.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use platform::metrics;
use uuid::Uuid;

use super::notice::Deprecation;
use crate::session::Session;

/// Maximum keys in the node's memory: beyond it, the least recently used one is removed.
const MAX_KEYS: usize = 10_000;

/// The node's uses. A process is one node.
static USES: KeyUses = KeyUses::new();

/// A deprecated part, and a key's use of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    pub deprecation: Arc<Deprecation>,
    /// Number of operations, each counted once.
    pub calls: u64,
    /// In microseconds since 1970, UTC.
    pub last_used_at: i64,
}

/// Uses by key and coordinate: per key at most as many as the schema has deprecated parts.
#[derive(Debug, Default)]
pub struct KeyUses(Mutex<BTreeMap<Uuid, BTreeMap<String, Use>>>);

impl KeyUses {
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Counts an operation of a key.
    pub fn add(&self, key: Uuid, deprecations: &[Arc<Deprecation>], now: i64) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MAX_KEYS && !keys.contains_key(&key) {
            let last_use = |uses: &BTreeMap<String, Use>| uses.values().map(|usage| usage.last_used_at).max();
            let oldest = keys.iter().min_by_key(|(_, uses)| last_use(uses)).map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                keys.remove(&oldest);
            }
        }
        let uses = keys.entry(key).or_default();
        for deprecation in deprecations {
            if let Some(existing_use) = uses.get_mut(&deprecation.coordinate) {
                existing_use.calls += 1;
                existing_use.last_used_at = now;
            } else {
                let first_use = Use { deprecation: deprecation.clone(), calls: 1, last_used_at: now };
                uses.insert(deprecation.coordinate.clone(), first_use);
            }
        }
    }

    /// Sorted by coordinate.
    pub fn of(&self, key: Uuid) -> Vec<Use> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(&key).map(|uses| uses.values().cloned().collect()).unwrap_or_default()
    }
}

/// Returns the deprecated coordinates that a key has used on this node.
pub fn of_key(key: Uuid) -> Vec<Use> {
    USES.of(key)
}

/// Counts an operation that used something deprecated: by its coordinates for the operator, and for its key if it came with one.
pub(crate) fn count(deprecations: &[Arc<Deprecation>], session: &Session, now: i64) {
    deprecations.iter().for_each(|deprecation| metrics::count_deprecated_use(&deprecation.coordinate));
    if let Some(key) = session.key.filter(|_| !deprecations.is_empty()) {
        USES.add(key, deprecations, now);
    }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;

    fn deprecation(coordinate: &str) -> Arc<Deprecation> {
        Arc::new(Deprecation { coordinate: coordinate.to_owned(), reason: String::new() })
    }

    fn usage_rows(uses: &KeyUses, key: u128) -> Vec<(String, u64, i64)> {
        let uses = uses.of(Uuid::from_u128(key)).into_iter();
        uses.map(|one| (one.deprecation.coordinate.clone(), one.calls, one.last_used_at)).collect()
    }

    #[test]
    fn each_key_has_its_own_uses() {
        let (uses, scan, sales) = (KeyUses::new(), deprecation("Query.scan"), deprecation("Query.salesReport"));
        uses.add(Uuid::from_u128(1), &[scan.clone(), sales], 10);
        uses.add(Uuid::from_u128(1), from_ref(&scan), 20);
        uses.add(Uuid::from_u128(2), &[scan], 30);
        assert_eq!(usage_rows(&uses, 1), [("Query.salesReport".to_owned(), 1, 10), ("Query.scan".to_owned(), 2, 20)]);
        assert_eq!(usage_rows(&uses, 2), [("Query.scan".to_owned(), 1, 30)]);
        assert!(usage_rows(&uses, 3).is_empty());
    }

    #[test]
    fn the_key_whose_last_use_is_longest_ago_is_forgotten_first() {
        let (uses, scan) = (KeyUses::new(), deprecation("Query.scan"));
        let keys = MAX_KEYS as u128;
        for key in 0..keys {
            uses.add(Uuid::from_u128(key), from_ref(&scan), key as i64);
        }
        uses.add(Uuid::from_u128(0), from_ref(&scan), 1_000_000);
        uses.add(Uuid::from_u128(keys), from_ref(&scan), 1_000_001);
        assert!(usage_rows(&uses, 1).is_empty(), "key 0 was used again since");
        assert_eq!((usage_rows(&uses, 0).len(), usage_rows(&uses, 2).len(), usage_rows(&uses, keys).len()), (1, 1, 1));
    }
}
