//! What a node remembers of master data.

use inventory::catalog::events::CACHED;
use platform::{
    cache::{Cache, Remote},
    rate_limit::RedisClient,
    secrets::KeyRing,
    storage::Database,
};

use super::{Node, StartError};

/// What a node remembers unless it is told otherwise, in bytes.
const USUAL: u64 = 32 << 20;

pub(super) fn begin(db: &Database, ring: &KeyRing) {
    db.extensions().insert(Cache::new(CACHED, USUAL, ring.clone(), None));
}

impl Node {
    /// Remembers so many bytes of master data, and shares them with other nodes through this Redis.
    pub async fn remember(&self, bytes: u64, redis: Option<RedisClient>) -> Result<(), StartError> {
        let mut remote = None;
        if let Some(client) = redis.filter(|_| bytes > 0) {
            let deployment = self.identity.cursor_secret().await?;
            let (shared, write) = Remote::of(client, &deployment);
            // It ends with the last of those who would give it rows.
            tokio::spawn(write);
            remote = Some(shared);
        }
        self.db.extensions().insert(Cache::new(CACHED, bytes, self.ring.clone(), remote));
        Ok(())
    }
}
