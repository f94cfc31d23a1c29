//! Log of key uses: time (to the minute) and address, written outside the request.

use std::{net::IpAddr, sync::PoisonError};

use entity::prelude::*;
use platform::storage::Fault;

use super::{caller_cache::KeyRecord, key_use_cache::WriteGuard, service::Access};
use crate::access::rows::{self, TenantKey};

/// Audit log action of a key that is used from a new address.
const NEW_ADDRESS_ACTION: &str = "api_key.used_from_new_address";
const MINUTE_MICROS: i64 = 60_000_000;

impl Access {
    /// Notes a use, once a minute for each address.
    pub(super) fn note_use(&self, record: &KeyRecord, actor: Actor, address: Option<IpAddr>) {
        let now = self.0.clock.now().micros();
        let (minute, address) = (now - now.rem_euclid(MINUTE_MICROS), address.map(|address| address.to_canonical()));
        if record.uses.is_recorded(address, minute) {
            return;
        }
        record.uses.note(address, minute);
        let Some(mut guard) = WriteGuard::begin(&record.uses) else { return };
        let (access, owner) = (self.clone(), (record.home, actor));
        tokio::spawn(async move {
            loop {
                while let Some((address, minute)) = guard.0.next() {
                    if let Err(fault) = access.write_use(owner, Timestamp(minute), address).await {
                        tracing::warn!(error = %fault, "the use of a key could not be recorded");
                    }
                }
                let uses = guard.0.clone();
                drop(guard);
                // Uses that arrived between the last check and the end of this writer are written
                // too.
                let is_left = !uses.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
                let Some(next_guard) = is_left.then(|| WriteGuard::begin(&uses)).flatten() else { return };
                guard = next_guard;
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
        rows::record_key_use(&work, home.key, minute).await?;
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
