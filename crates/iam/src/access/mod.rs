//! Authorization: from a caller's grants, or an integration's key, to a `Permit`, the value that
//! every shell function requires.
//!
//! Policies are written in casbin and compiled by it; requests never call it. Its result for a
//! tenant's roles is compiled once per version into bit sets, each permission with its stores, and
//! a check is a bit test.

mod caller;
mod cidr;
pub mod core;
pub mod events;
mod permissions;
mod policy;
pub mod rows;
mod set;
mod shell;

pub use caller::{Caller, Denied, Permit, permit};
pub use cidr::Cidr;
pub use permissions::{Bits, Class, Permission, PermissionInfo, REGISTRY, code, index_of, kind};
pub use policy::{BUILT_IN, BuiltIn, OWNER, Policies, PolicyError, split};
pub use set::{PermissionSet, Reach};
pub use shell::{
    Access, AccessError, ActiveKey, ChangedValue, CompiledRoles, GroupFields, IntegrationFields, KeyAuthError, KeyCaller,
    LiveRights, MemberPreview, NewIntegration, NewKey, ProgramWithBudget, RIGHTS_CACHE_SECONDS, RevokedKey, RoleFields, RoleView,
    UpdatedMemberGrants,
};

use entity::prelude::MemberId;
use platform::storage::{Fault, Work};

/// Makes a member the owner of their tenant, in the transaction that creates the tenant.
pub async fn make_owner(work: &Work, member: MemberId) -> Result<(), Fault> {
    rows::bump_rights_version(work).await?;
    let grant = core::Grant { role: OWNER.id, scope: core::Scope::All, expires_at: None };
    rows::replace_grants(work, member, &[grant]).await
}

/// Bumps the version of a tenant's rights before members join or leave: changes of rights are
/// serialized, and every node recompiles them.
pub async fn lock_rights_version(work: &Work) -> Result<(), Fault> {
    rows::bump_rights_version(work).await
}

/// Takes all rights of a member: for rooms that remove members, before they commit.
pub async fn revoke_all_rights(work: &Work, member: MemberId) -> Result<(), Fault> {
    rows::replace_grants(work, member, &[]).await
}

/// Whether the tenant would still have an owner: for rooms that suspend members or let them leave,
/// before they commit.
pub async fn has_owner(work: &Work) -> Result<bool, Fault> {
    rows::has_lasting_owner(work).await
}
