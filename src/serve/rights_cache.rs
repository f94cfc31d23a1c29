//! Reload of cached rights after another node announces that rights changed or a session ended.

use async_trait::async_trait;
use entity::prelude::{SessionId, TenantId};
use iam::{access::Access, identity::Identity};
use platform::{realtime::RightsCache, storage::Fault};

pub struct NodeRightsCache {
    pub access: Access,
    pub identity: Identity,
}

#[async_trait]
impl RightsCache for NodeRightsCache {
    fn forget_rights(&self, tenant: TenantId) {
        self.access.invalidate_locally(tenant);
    }
    async fn refresh_rights(&self) {
        self.access.refresh_live().await;
    }
    async fn refresh_sessions(&self, sessions: &[SessionId]) -> Result<(), Fault> {
        self.identity.refresh_cached_sessions(sessions).await
    }
}
