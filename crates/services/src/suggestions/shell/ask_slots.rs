//! Questions to language models that run at once on this node, by tenant: each holds one of the tenant's operations for as long as it runs. Nothing waits
//! for a place.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use entity::prelude::TenantId;

/// Questions of one tenant that run at once on a node: an eighth of its operations.
pub(super) const MOST_ASKED: usize = 4;

#[derive(Debug, Clone, Default)]
pub(super) struct AskSlots(Arc<Mutex<HashMap<TenantId, usize>>>);

/// A place; dropping it gives it back.
#[derive(Debug)]
pub(super) struct AskSlot {
    slots: AskSlots,
    tenant: TenantId,
}

impl AskSlots {
    /// None if the tenant has all of its places.
    pub(super) fn take(&self, tenant: TenantId) -> Option<AskSlot> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(tenant).or_default();
        if *count >= MOST_ASKED {
            return None;
        }
        *count += 1;
        Some(AskSlot { slots: self.clone(), tenant })
    }
}

impl Drop for AskSlot {
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
        let (slots, tenant) = (AskSlots::default(), |number| TenantId::from_uuid(Uuid::from_u128(number)));
        let mut held: Vec<AskSlot> = (0..MOST_ASKED).map(|_| slots.take(tenant(1)).unwrap()).collect();
        assert!(slots.take(tenant(1)).is_none());
        held.push(slots.take(tenant(2)).unwrap());
        held.remove(0);
        held.push(slots.take(tenant(1)).unwrap());
        assert!(slots.take(tenant(1)).is_none());
        drop(held);
        assert!(slots.0.lock().unwrap().is_empty(), "who has none is not remembered");
    }
}
