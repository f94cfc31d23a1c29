//! Initial data of a new tenant.

use async_trait::async_trait;
use entity::prelude::MemberId;
use iam::{
    access::{self, Access},
    identity::TenantProvisioner,
};
use inventory::catalog;
use platform::{
    clock::Clock,
    storage::{Fault, Work},
};

/// Initial data of a tenant: an owner, and a channel for orders that name none.
pub(super) struct TenantDefaults {
    pub clock: Clock,
    pub access: Access,
}

#[async_trait]
impl TenantProvisioner for TenantDefaults {
    async fn provision(&self, work: &Work, owner: MemberId) -> Result<(), Fault> {
        access::make_owner(work, owner).await?;
        catalog::begin_tenant(work, &self.clock).await
    }

    async fn before_members_change(&self, work: &Work) -> Result<(), Fault> {
        access::lock_rights_version(work).await
    }

    async fn has_owner(&self, work: &Work) -> Result<bool, Fault> {
        access::has_owner(work).await
    }

    async fn holds_all_of(&self, work: &Work, member: MemberId, other: MemberId) -> Result<bool, Fault> {
        self.access.holds_all_of(work, member, other).await
    }

    async fn revoke_all_rights(&self, work: &Work, member: MemberId) -> Result<(), Fault> {
        access::revoke_all_rights(work, member).await
    }
}
