//! Concurrent requests to language models on this node, by tenant: each occupies one of the
//! tenant's operations while it runs. No request waits for a slot.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use entity::prelude::TenantId;

/// Maximum concurrent requests of one tenant on a node: an eighth of its operations.
pub(super) const MAX_CONCURRENT_REQUESTS: usize = 4;

#[derive(Debug, Clone, Default)]
pub(super) struct RequestSlots(Arc<Mutex<HashMap<TenantId, usize>>>);

/// A slot; dropping it releases it.
#[derive(Debug)]
pub(super) struct RequestSlot {
    slots: RequestSlots,
    tenant: TenantId,
}

impl RequestSlots {
    /// Takes a slot; `None` if the tenant's slots are all taken.
    pub(super) fn take(&self, tenant: TenantId) -> Option<RequestSlot> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(tenant).or_default();
        if *count >= MAX_CONCURRENT_REQUESTS {
            return None;
        }
        *count += 1;
        Some(RequestSlot { slots: self.clone(), tenant })
    }
}

impl Drop for RequestSlot {
    fn drop(&mut self) {
        let mut counts = self.slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.tenant) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_tenant_has_its_places_and_another_has_others() {
        let (slots, tenant) = (RequestSlots::default(), |number| TenantId::from_uuid(Uuid::from_u128(number)));
        let mut held: Vec<RequestSlot> = (0..MAX_CONCURRENT_REQUESTS).map(|_| slots.take(tenant(1)).unwrap()).collect();
        assert!(slots.take(tenant(1)).is_none());
        held.push(slots.take(tenant(2)).unwrap());
        held.remove(0);
        held.push(slots.take(tenant(1)).unwrap());
        assert!(slots.take(tenant(1)).is_none());
        drop(held);
        assert!(slots.0.lock().unwrap().is_empty(), "who has none is not remembered");
    }
}
