//! Limits of connections, in all and for one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use platform::rate_limit::host;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Peer of a connection, in the extensions of each of its requests. The connection counts as long
/// as a clone of it exists.
#[derive(Debug, Clone)]
pub struct Peer {
    pub address: IpAddr,
    /// Whether the connection uses TLS.
    pub by_tls: bool,
    _slot: Arc<Slot>,
}

#[derive(Debug)]
struct Slot {
    counted_as: IpAddr,
    by_address: CountByAddress,
    _permit: OwnedSemaphorePermit,
}

type CountByAddress = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// Hands out slots.
#[derive(Debug, Clone)]
pub struct Connections {
    free: Arc<Semaphore>,
    capacity: u32,
    by_address: CountByAddress,
    capacity_by_address: usize,
}

impl Connections {
    pub fn new(limit: usize, limit_by_address: usize) -> Self {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX).min(Semaphore::MAX_PERMITS as u32);
        Self {
            free: Arc::new(Semaphore::new(limit as usize)),
            capacity: limit,
            by_address: CountByAddress::default(),
            capacity_by_address: limit_by_address,
        }
    }

    /// Returns a slot for this address; `None` if the address, or all addresses together, have
    /// reached their limit.
    pub fn admit(&self, address: IpAddr) -> Option<Peer> {
        let address = address.to_canonical();
        let counted_as = host(address);
        let permit = self.free.clone().try_acquire_owned().ok()?;
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_address.entry(counted_as).or_default();
        if *count >= self.capacity_by_address {
            return None;
        }
        *count += 1;
        let slot = Slot { counted_as, by_address: self.by_address.clone(), _permit: permit };
        Some(Peer { address, by_tls: false, _slot: Arc::new(slot) })
    }

    /// Waits until all slots are free again, for `max_wait` at the longest.
    pub async fn wait_until_idle(&self, max_wait: Duration) {
        let _ = tokio::time::timeout(max_wait, self.free.acquire_many(self.capacity)).await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_address.get_mut(&self.counted_as) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&self.counted_as);
            }
        }
    }
}
