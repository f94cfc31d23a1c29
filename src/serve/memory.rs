//! Cache of master data in a node.

use inventory::catalog::events::CACHED_ROW_EVENTS;
use platform::{
    cache::{Cache, RemoteCache},
    rate_limit::RedisClient,
    secrets::KeyRing,
    storage::Database,
};

use super::{Node, StartError};

/// Default size of the cache, in bytes.
const DEFAULT_CACHE_BYTES: u64 = 32 << 20;

pub(super) fn start_cache(db: &Database, ring: &KeyRing) {
    db.extensions().insert(Cache::new(CACHED_ROW_EVENTS, DEFAULT_CACHE_BYTES, ring.clone(), None));
}

impl Node {
    /// Caches up to `bytes` bytes of master data, and shares them with other nodes through this
    /// Redis.
    pub async fn enable_cache(&self, bytes: u64, redis: Option<RedisClient>) -> Result<(), StartError> {
        let mut remote = None;
        if let Some(client) = redis.filter(|_| bytes > 0) {
            let deployment = self.identity.cursor_secret().await?;
            let (shared, write) = RemoteCache::of(client, &deployment);
            // It ends with the last of those who would give it rows.
            tokio::spawn(write);
            remote = Some(shared);
        }
        self.db.extensions().insert(Cache::new(CACHED_ROW_EVENTS, bytes, self.ring.clone(), remote));
        Ok(())
    }
}
