//! Keys that were found in public.

use entity::prelude::*;
use platform::storage::Fault;

use super::service::Access;
use crate::access::{
    core::{ApiKey, key::Secret},
    events,
    rows::{self, KeyWithIntegration},
};

/// A key that was revoked because its secret leaked, and the recipients of the notice.
#[derive(Debug, Clone)]
pub struct RevokedKey {
    pub tenant: TenantId,
    pub key: ApiKeyId,
    pub key_name: String,
    pub prefix: String,
    pub integration_name: String,
    /// The members who own the tenant.
    pub owners: Vec<MemberId>,
}

impl Access {
    /// Revokes the key of a leaked secret. None if there is no such key, or it had ended before.
    pub async fn revoke_leaked_key(&self, secret: &Secret) -> Result<Option<RevokedKey>, Fault> {
        let Some(home) = rows::find_tenant_key(&self.0.db.global(), &secret.hash()).await? else { return Ok(None) };
        let scope = self.0.db.tenant(home.tenant);
        // The first check takes no lock: reports of keys that ended long ago block no other
        // transaction.
        let is_live = |found_key: &KeyWithIntegration| found_key.key.revoked_at.is_none();
        if rows::find_key_with_integration(&scope, home.key).await?.is_none_or(|found_key| !is_live(&found_key)) {
            return Ok(None);
        }
        let work = scope.begin().await?;
        rows::bump_rights_version(&work).await?;
        let Some(KeyWithIntegration { key, integration }) =
            rows::find_key_with_integration(&work, home.key).await?.filter(is_live)
        else {
            work.rollback().await?;
            return Ok(None);
        };
        let now = self.0.clock.now();
        let after = ApiKey { revoked_at: Some(now), leaked_at: Some(now), ..key };
        rows::end_key(&work, &after).await?;
        let owners = rows::owners(&work, now).await?;
        let commit = self.end(work, events::API_KEY_REVOKED.of(after.id, 1));
        self.with_audit_log(("api_key.leaked", Actor::SYSTEM), home, None, commit).await?;
        let ApiKey { id: key, name: key_name, prefix, .. } = after;
        Ok(Some(RevokedKey { tenant: home.tenant, key, key_name, prefix, integration_name: integration.name, owners }))
    }
}
