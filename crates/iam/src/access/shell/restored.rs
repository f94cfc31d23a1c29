//! After the database was restored to an earlier moment: keys that were revoked since are accepted again, and nobody can tell which.

use entity::prelude::*;
use platform::storage::Fault;

use super::{Access, events};
use crate::access::{
    core::ApiKey,
    rows::{self, Opened},
};

/// A key that is accepted, in words for an operator.
#[derive(Debug, Clone)]
pub struct LiveKey {
    pub id: ApiKeyId,
    pub name: String,
    /// How its secret begins.
    pub prefix: String,
    pub integration: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

impl Access {
    /// The keys of a tenant that are accepted, the oldest first.
    pub async fn live_keys(&self, tenant: TenantId) -> Result<Vec<LiveKey>, Fault> {
        let scope = self.0.db.tenant(tenant);
        let keys = rows::live_keys(&scope, self.0.clock.now()).await?;
        let ids: Vec<IntegrationId> = keys.iter().map(|key| key.integration).collect();
        let integrations = rows::integrations_by_id(&scope, &ids).await?;
        let name =
            |id| integrations.iter().find(|known| known.id == id && known.disabled_at.is_none()).map(|known| known.name.clone());
        let live = |key: ApiKey| {
            let ApiKey { id, name: key_name, prefix, created_at, last_used_at, .. } = key;
            Some(LiveKey { id, name: key_name, prefix, integration: name(key.integration)?, created_at, last_used_at })
        };
        Ok(keys.into_iter().filter_map(live).collect())
    }

    /// Revokes all keys of a tenant that are accepted, as the system (`revoke_as_system`); which they were. A key that is being made is waited for.
    pub async fn revoke_all_as_system(&self, tenant: TenantId, action: &str) -> Result<Vec<LiveKey>, Fault> {
        /// The second time finds keys that were made by whoever was let in before the first one.
        const TIMES: usize = 2;
        let mut revoked = Vec::new();
        for _ in 0..TIMES {
            // Whoever makes a key has the tenant's policy until it is written.
            let work = self.0.db.tenant(tenant).begin().await?;
            rows::bump(&work).await?;
            work.rollback().await?;
            for key in self.live_keys(tenant).await? {
                if self.revoke_as_system(tenant, key.id, action).await? {
                    revoked.push(key);
                }
            }
        }
        Ok(revoked)
    }

    /// Revokes a key, as the system: an entry of the tenant's audit log says so, as this action. False where there is no such key that is not revoked.
    pub async fn revoke_as_system(&self, tenant: TenantId, key: ApiKeyId, action: &str) -> Result<bool, Fault> {
        let scope = self.0.db.tenant(tenant);
        let home = rows::home_in(&scope, key).await?;
        let work = scope.begin().await?;
        rows::bump(&work).await?;
        let Some(Opened { key, .. }) = rows::opened(&work, key).await?.filter(|opened| opened.key.revoked_at.is_none()) else {
            work.rollback().await?;
            return Ok(false);
        };
        let after = ApiKey { revoked_at: Some(self.0.clock.now()), ..key };
        rows::end_key(&work, &after).await?;
        let ended = self.end(work, events::API_KEY_REVOKED.of(after.id, 1));
        self.logged((action, Actor::SYSTEM), home, None, ended).await?;
        Ok(true)
    }
}
