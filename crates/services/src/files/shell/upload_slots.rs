//! Concurrent uploads on this node: of a caller, of a tenant, of all. No upload waits for a slot:
//! without a free one it is refused, and may be retried.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use entity::prelude::TenantId;
use uuid::Uuid;

use super::error::FileError;
use crate::files::core::{
    File,
    limits::{UPLOADS, UPLOADS_PER_CALLER, UPLOADS_PER_TENANT},
};

/// Numbers of running uploads, in total and for each tenant and caller.
#[derive(Debug, Default)]
struct Counts {
    total: usize,
    tenants: HashMap<TenantId, usize>,
    callers: HashMap<Uuid, usize>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct UploadSlots(Arc<Mutex<Counts>>);

/// A slot; dropping it releases it.
#[derive(Debug)]
pub(super) struct UploadSlot {
    counts: Arc<Mutex<Counts>>,
    tenant: TenantId,
    caller: Uuid,
}

impl UploadSlots {
    pub(super) fn take(&self, file: &File) -> Result<UploadSlot, FileError> {
        let (tenant, caller) = (file.tenant, file.maker.id);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tenant_count = counts.tenants.get(&tenant).copied().unwrap_or_default();
        let caller_count = counts.callers.get(&caller).copied().unwrap_or_default();
        if caller_count >= UPLOADS_PER_CALLER {
            return Err(FileError::Crowded { whose: "your", most: UPLOADS_PER_CALLER });
        }
        if tenant_count >= UPLOADS_PER_TENANT {
            return Err(FileError::Crowded { whose: "your tenant's", most: UPLOADS_PER_TENANT });
        }
        if counts.total >= UPLOADS {
            return Err(FileError::Busy);
        }
        counts.total += 1;
        *counts.tenants.entry(tenant).or_default() += 1;
        *counts.callers.entry(caller).or_default() += 1;
        Ok(UploadSlot { counts: self.0.clone(), tenant, caller })
    }
}

impl Drop for UploadSlot {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total = counts.total.saturating_sub(1);
        decrement_count(&mut counts.tenants, &self.tenant);
        decrement_count(&mut counts.callers, &self.caller);
    }
}

/// Subtracts one from a count; a key with a count of 0 is removed.
fn decrement_count<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use entity::prelude::*;

    use super::*;
    use crate::files::core::{Purpose, State};

    fn file(tenant: u128, caller: u128) -> File {
        File {
            tenant: TenantId::from_uuid(Uuid::from_u128(tenant)),
            id: FileId::NIL,
            purpose: Purpose::Import,
            name: String::new(),
            media_type: String::new(),
            size: 0,
            sha256: None,
            blob: None,
            state: State::Awaited,
            maker: Actor { kind: ActorKind::Member, id: Uuid::from_u128(caller) },
            key: None,
            created_at: Timestamp(0),
            ready_at: None,
            expires_at: None,
            area: None,
            thumbnails: None,
        }
    }

    #[test]
    fn places_are_counted_by_caller_by_tenant_and_by_node() {
        let slots = UploadSlots::default();
        let mut held: Vec<UploadSlot> = (0..UPLOADS_PER_CALLER).map(|_| slots.take(&file(1, 1)).unwrap()).collect();
        assert!(matches!(slots.take(&file(1, 1)), Err(FileError::Crowded { most: UPLOADS_PER_CALLER, .. })));
        held.pop();
        held.push(slots.take(&file(1, 1)).unwrap());
        for caller in 2.. {
            match slots.take(&file(1, caller)) {
                Ok(slot) => held.push(slot),
                Err(error) => {
                    assert!(matches!(error, FileError::Crowded { most: UPLOADS_PER_TENANT, .. }), "{error:?}");
                    break;
                }
            }
        }
        assert_eq!(held.len(), UPLOADS_PER_TENANT);
        for tenant in 2.. {
            match slots.take(&file(tenant, tenant + 1_000)) {
                Ok(slot) => held.push(slot),
                Err(error) => {
                    assert!(matches!(error, FileError::Busy), "{error:?}");
                    break;
                }
            }
        }
        assert_eq!(held.len(), UPLOADS);
        drop(held);
        let counts = slots.0.lock().unwrap();
        assert!(counts.total == 0 && counts.tenants.is_empty() && counts.callers.is_empty(), "{counts:?}");
    }
}
