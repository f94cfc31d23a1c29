//! Revocation of keys after a restore: keys that had been revoked since the backup are accepted
//! again, and they cannot be told apart.

use entity::prelude::*;
use platform::storage::Fault;

use super::service::Access;
use crate::access::{
    core::ApiKey,
    events,
    rows::{self, KeyWithIntegration},
};

/// An accepted key, described for an operator.
#[derive(Debug, Clone)]
pub struct ActiveKey {
    pub id: ApiKeyId,
    pub name: String,
    /// First characters of its secret.
    pub prefix: String,
    pub integration: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

impl Access {
    /// The keys of a tenant that are accepted, the oldest first.
    pub async fn active_keys(&self, tenant: TenantId) -> Result<Vec<ActiveKey>, Fault> {
        let scope = self.0.db.tenant(tenant);
        let keys = rows::active_keys(&scope, self.0.clock.now()).await?;
        let ids: Vec<IntegrationId> = keys.iter().map(|key| key.integration).collect();
        let integrations = rows::integrations_by_id(&scope, &ids).await?;
        let name = |id| {
            integrations
                .iter()
                .find(|candidate| candidate.id == id && candidate.disabled_at.is_none())
                .map(|candidate| candidate.name.clone())
        };
        let active_key = |key: ApiKey| {
            let ApiKey { id, name: key_name, prefix, created_at, last_used_at, .. } = key;
            Some(ActiveKey { id, name: key_name, prefix, integration: name(key.integration)?, created_at, last_used_at })
        };
        Ok(keys.into_iter().filter_map(active_key).collect())
    }

    /// Revokes all accepted keys of a tenant, as the system (`revoke_as_system`), and returns them.
    /// Waits for transactions that are creating a key.
    pub async fn revoke_all_as_system(&self, tenant: TenantId, action: &str) -> Result<Vec<ActiveKey>, Fault> {
        /// The second pass finds keys that were created during the first by callers who were
        /// admitted before it.
        const PASSES: usize = 2;
        let mut revoked = Vec::new();
        for _ in 0..PASSES {
            // A transaction that creates a key locks the tenant's policy version until it is
            // written.
            let work = self.0.db.tenant(tenant).begin().await?;
            rows::bump_rights_version(&work).await?;
            work.rollback().await?;
            for key in self.active_keys(tenant).await? {
                if self.revoke_as_system(tenant, key.id, action).await? {
                    revoked.push(key);
                }
            }
        }
        Ok(revoked)
    }

    /// Revokes a key as the system, with this action in the tenant's audit log. False if there is
    /// no such key, or it is revoked already.
    pub async fn revoke_as_system(&self, tenant: TenantId, key: ApiKeyId, action: &str) -> Result<bool, Fault> {
        let scope = self.0.db.tenant(tenant);
        let home = rows::read_tenant_key(&scope, key).await?;
        let work = scope.begin().await?;
        rows::bump_rights_version(&work).await?;
        let Some(KeyWithIntegration { key, .. }) =
            rows::find_key_with_integration(&work, key).await?.filter(|found_key| found_key.key.revoked_at.is_none())
        else {
            work.rollback().await?;
            return Ok(false);
        };
        let after = ApiKey { revoked_at: Some(self.0.clock.now()), ..key };
        rows::end_key(&work, &after).await?;
        let commit = self.end(work, events::API_KEY_REVOKED.of(after.id, 1));
        self.with_audit_log((action, Actor::SYSTEM), home, None, commit).await?;
        Ok(true)
    }
}
