//! The replicas that a node reads from, and the positions of sessions' writes.

use std::time::Duration;

use platform::{cache::SessionPositions, paging::CursorSigner, rate_limit::RedisClient};

use super::{Node, StartError};
use crate::config::{DatabaseArgs, ReplicaArgs};

impl Node {
    /// Has reads that may be a moment old go to replicas, from now on.
    pub async fn read_from(&self, args: &ReplicaArgs, database: &DatabaseArgs) -> Result<(), StartError> {
        Ok(self.db.read_from(&args.urls, args.options(&database.database_url, &database.options())).await?)
    }

    /// The positions of sessions' writes, for their next reads; None without replicas.
    pub async fn session_positions(
        &self,
        redis: Option<RedisClient>,
        token_life: Duration,
    ) -> Result<Option<SessionPositions>, StartError> {
        if !self.db.has_replicas() {
            return Ok(None);
        }
        let secret = self.identity.cursor_secret().await?;
        let redis = redis.map(|client| (client, secret.as_slice()));
        Ok(Some(SessionPositions::new(self.db.clone(), CursorSigner::new(secret), token_life, redis)))
    }
}
