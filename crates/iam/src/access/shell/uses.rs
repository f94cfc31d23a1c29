//! Log of key uses: time (to the minute) and address, written outside the request.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use entity::prelude::*;
use platform::storage::Fault;

use super::{Access, keys::KeyRecord};
use crate::access::rows::{self, TenantKey};

/// Audit log action of a key that is used from a new address.
const NEW_ADDRESS_ACTION: &str = "api_key.used_from_new_address";
const MINUTE_MICROS: i64 = 60_000_000;
/// Addresses of a key that a node remembers to have noted.
const MAX_CACHED_ADDRESSES: usize = 100;

/// Uses of a key that a node has recorded.
#[derive(Default)]
pub(super) struct KeyUsage {
    /// The minute of the last use from each address.
    noted: Mutex<HashMap<Option<IpAddr>, i64>>,
    /// Uses that wait to be written, the oldest last.
    waiting: Mutex<Vec<(Option<IpAddr>, i64)>>,
    /// Set while a use of the key is written: at most one write at a time, so that a caller who
    /// changes addresses with every call causes no transaction for each.
    is_writing: AtomicBool,
}

impl KeyUsage {
    fn is_recorded(&self, address: Option<IpAddr>, minute: i64) -> bool {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).get(&address).is_some_and(|noted| *noted == minute)
    }
    fn note(&self, address: Option<IpAddr>, minute: i64) {
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
    fn next(&self) -> Option<(Option<IpAddr>, i64)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// The right to write the use of a key. Dropping it in any way lets the next writer begin.
struct WriteGuard(Arc<KeyUsage>);

impl WriteGuard {
    fn begin(uses: &Arc<KeyUsage>) -> Option<Self> {
        (!uses.is_writing.swap(true, Ordering::AcqRel)).then(|| Self(Arc::clone(uses)))
    }
}

impl Drop for WriteGuard {
    fn drop(&mut self) {
        self.0.is_writing.store(false, Ordering::Release);
    }
}

impl Access {
    /// Notes a use, once a minute for each address.
    pub(super) fn note_use(&self, record: &KeyRecord, actor: Actor, address: Option<IpAddr>) {
        let now = self.0.clock.now().micros();
        let (minute, address) = (now - now.rem_euclid(MINUTE_MICROS), address.map(|address| address.to_canonical()));
        if record.uses.is_recorded(address, minute) {
            return;
        }
        record.uses.note(address, minute);
        let Some(mut writing) = WriteGuard::begin(&record.uses) else { return };
        let (access, whose) = (self.clone(), (record.home, actor));
        tokio::spawn(async move {
            loop {
                while let Some((address, minute)) = writing.0.next() {
                    if let Err(fault) = access.write_use(whose, Timestamp(minute), address).await {
                        tracing::warn!(error = %fault, "the use of a key could not be recorded");
                    }
                }
                let uses = writing.0.clone();
                drop(writing);
                // Uses that arrived between the last check and the end of this writer are written
                // too.
                let is_left = !uses.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
                let Some(again) = is_left.then(|| WriteGuard::begin(&uses)).flatten() else { return };
                writing = again;
            }
        });
    }

    async fn write_use(
        &self,
        (home, actor): (TenantKey, Actor),
        minute: Timestamp,
        address: Option<IpAddr>,
    ) -> Result<(), Fault> {
        let work = self.0.db.tenant(home.tenant).begin().await?;
        rows::used(&work, home.key, minute).await?;
        let is_new = match address {
            Some(address) => rows::record_address(&work, home.key, &address.to_string(), minute).await?,
            None => false,
        };
        if is_new {
            return self.with_audit_log((NEW_ADDRESS_ACTION, actor), home, address, work.commit()).await;
        }
        work.commit().await
    }
}
