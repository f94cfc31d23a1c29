//! Roles as shown to users: with all their permissions.

use std::collections::HashMap;

use entity::prelude::*;
use platform::storage::{Fault, Reads};

use super::service::Access;
use crate::access::{core::Role, permissions::Bits, policy::BUILT_IN, rows};

/// A role as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleView {
    pub role: Role,
    pub is_built_in: bool,
    /// All permissions of the role, including inherited ones.
    pub gives: Bits,
}

/// The default roles as rows. They change only with a new version of Entrepot.
pub(super) fn default_roles(permissions_by_role: &HashMap<RoleId, Bits>) -> impl Iterator<Item = Role> + use<'_> {
    BUILT_IN.iter().map(|built_in| Role {
        id: built_in.id,
        key: built_in.key.to_owned(),
        name: built_in.name.to_owned(),
        permissions: permissions_by_role.get(&built_in.id).copied().unwrap_or_default(),
        inherits: Vec::new(),
        version: 1,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    })
}

impl Access {
    /// The members who own the tenant.
    pub async fn owners(&self, tenant: TenantId) -> Result<Vec<MemberId>, Fault> {
        rows::owners(&self.database().tenant(tenant), self.clock().now()).await
    }

    /// The default roles, then the tenant's own by key.
    pub async fn roles(&self, reads: &impl Reads) -> Result<Vec<RoleView>, Fault> {
        let own_roles = rows::roles(reads).await?;
        let permissions_by_role = self.compile_roles(reads, &own_roles).await?;
        let view = |role: Role, is_built_in| RoleView {
            gives: permissions_by_role.get(&role.id).copied().unwrap_or_default(),
            role,
            is_built_in,
        };
        let defaults = default_roles(&permissions_by_role).map(|role| view(role, true));
        Ok(defaults.chain(own_roles.iter().map(|role| view(role.clone(), false))).collect())
    }
}
