//! May they: from a caller's grants, or an integration's key, to a `Permit`, the value without which no shell function can be called.
//!
//! casbin is where policies are written and what compiles them; it is never asked on the way of a request. What it makes of a tenant's roles is
//! compiled once a version into sets of bits, each permission with the stores it is for, and a check is a bit test.

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
    Access, AccessError, Changed, Compiled, GroupFields, IntegrationFields, KeyCaller, KeyRefused, LiveKey, LiveRights,
    MemberTried, NewIntegration, NewKey, ProgramTerms, Regranted, RevokedKey, RoleFields, RoleView, STANDING_SECONDS,
};

use entity::prelude::MemberId;
use platform::storage::{Fault, Work};

/// Makes a member the owner of their tenant, in the transaction that makes the tenant.
pub async fn make_owner(work: &Work, member: MemberId) -> Result<(), Fault> {
    rows::bump(work).await?;
    let grant = core::Grant { role: OWNER.id, scope: core::Scope::All, expires_at: None };
    rows::replace_grants(work, member, &[grant]).await
}

/// Says that members come or go, before they do: changes of a tenant's rights come one after the other, and every node compiles them anew.
pub async fn rights_change(work: &Work) -> Result<(), Fault> {
    rows::bump(work).await
}

/// Takes all rights of a member: for rooms that remove members, before they commit.
pub async fn take_rights(work: &Work, member: MemberId) -> Result<(), Fault> {
    rows::replace_grants(work, member, &[]).await
}

/// Whether somebody would still own the tenant: for rooms that suspend members or let them leave, before they commit.
pub async fn has_owner(work: &Work) -> Result<bool, Fault> {
    rows::has_lasting_owner(work).await
}
