//! When a key was used, and from where: noted to the minute, off the request's way.

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
use crate::access::rows::{self, KeyHome};

/// What the audit log calls it when a key comes from where it never came from.
const USED: &str = "api_key.used_from_new_address";
const MINUTE_MICROS: i64 = 60_000_000;
/// Addresses of a key that a node remembers to have noted.
const REMEMBERED: usize = 100;

/// What a node has noted of a key.
#[derive(Default)]
pub(super) struct Uses {
    /// The minute of the last use from each address.
    noted: Mutex<HashMap<Option<IpAddr>, i64>>,
    /// Uses that wait to be written, the oldest last.
    waiting: Mutex<Vec<(Option<IpAddr>, i64)>>,
    /// One note of a key at a time: whoever changes addresses with every call must not make as many transactions.
    is_writing: AtomicBool,
}

impl Uses {
    fn is_noted(&self, address: Option<IpAddr>, minute: i64) -> bool {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).get(&address).is_some_and(|noted| *noted == minute)
    }
    fn note(&self, address: Option<IpAddr>, minute: i64) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= REMEMBERED {
            noted.clear();
        }
        noted.insert(address, minute);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < REMEMBERED {
            waiting.insert(0, (address, minute));
        }
    }
    fn next(&self) -> Option<(Option<IpAddr>, i64)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// The one that writes down how a key is used. However it ends, the next one can begin.
struct Writing(Arc<Uses>);

impl Writing {
    fn begin(uses: &Arc<Uses>) -> Option<Self> {
        (!uses.is_writing.swap(true, Ordering::AcqRel)).then(|| Self(Arc::clone(uses)))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.is_writing.store(false, Ordering::Release);
    }
}

impl Access {
    /// Notes a use, once a minute for each address.
    pub(super) fn note_use(&self, record: &KeyRecord, actor: Actor, address: Option<IpAddr>) {
        let now = self.0.clock.now().micros();
        let (minute, address) = (now - now.rem_euclid(MINUTE_MICROS), address.map(|address| address.to_canonical()));
        if record.uses.is_noted(address, minute) {
            return;
        }
        record.uses.note(address, minute);
        let Some(mut writing) = Writing::begin(&record.uses) else { return };
        let (access, whose) = (self.clone(), (record.home, actor));
        tokio::spawn(async move {
            loop {
                while let Some((address, minute)) = writing.0.next() {
                    if let Err(fault) = access.write_use(whose, Timestamp(minute), address).await {
                        tracing::warn!(error = %fault, "a key's use could not be noted");
                    }
                }
                let uses = writing.0.clone();
                drop(writing);
                // What came between the last look and the word that nobody writes is written too.
                let is_left = !uses.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
                let Some(again) = is_left.then(|| Writing::begin(&uses)).flatten() else { return };
                writing = again;
            }
        });
    }

    async fn write_use(&self, (home, actor): (KeyHome, Actor), minute: Timestamp, address: Option<IpAddr>) -> Result<(), Fault> {
        let work = self.0.db.tenant(home.tenant).begin().await?;
        rows::used(&work, home.key, minute).await?;
        let is_new = match address {
            Some(address) => rows::used_from(&work, home.key, &address.to_string(), minute).await?,
            None => false,
        };
        if is_new {
            return self.logged((USED, actor), home, address, work.commit()).await;
        }
        work.commit().await
    }
}
