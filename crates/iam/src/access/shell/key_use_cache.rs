//! Uses of a key that this node remembers: the minute of the last one from each address, and those
//! that wait to be written.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Addresses of a key that a node remembers to have noted.
const MAX_CACHED_ADDRESSES: usize = 100;

/// Uses of a key that a node has recorded.
#[derive(Default)]
pub(super) struct KeyUsage {
    /// The minute of the last use from each address.
    noted: Mutex<HashMap<Option<IpAddr>, i64>>,
    /// Uses that wait to be written, the oldest last.
    pub(super) waiting: Mutex<Vec<(Option<IpAddr>, i64)>>,
    /// Set while a use of the key is written: at most one write at a time, so that a caller who
    /// changes addresses with every call causes no transaction for each.
    is_writing: AtomicBool,
}

impl KeyUsage {
    pub fn is_recorded(&self, address: Option<IpAddr>, minute: i64) -> bool {
        self.noted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&address)
            .is_some_and(|recorded_minute| *recorded_minute == minute)
    }
    pub fn note(&self, address: Option<IpAddr>, minute: i64) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= MAX_CACHED_ADDRESSES {
            noted.clear();
        }
        noted.insert(address, minute);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MAX_CACHED_ADDRESSES {
            waiting.insert(0, (address, minute));
        }
    }
    pub fn next(&self) -> Option<(Option<IpAddr>, i64)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// The right to write the use of a key. Dropping it in any way lets the next writer begin.
pub(super) struct WriteGuard(pub(super) Arc<KeyUsage>);

impl WriteGuard {
    pub fn begin(uses: &Arc<KeyUsage>) -> Option<Self> {
        (!uses.is_writing.swap(true, Ordering::AcqRel)).then(|| Self(Arc::clone(uses)))
    }
}

impl Drop for WriteGuard {
    fn drop(&mut self) {
        self.0.is_writing.store(false, Ordering::Release);
    }
}
