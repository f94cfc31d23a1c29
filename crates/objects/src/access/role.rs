//! Roles, and who has them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use async_graphql::{Context, ID, Object, OneofObject};
use entity::prelude::{MemberId, RoleId};
use iam::access::{Access, RoleView, core::Grant, kind};
use platform::storage::Fault;

use super::{loads::access_loaders, scope::to_store_scope};
use crate::{
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{DateTime, Long},
    },
    identity::StoreScope,
};

/// Reference to a role: exactly one field.
#[derive(Debug, Clone, OneofObject)]
pub enum RoleRef {
    /// ID of the role.
    Id(ID),
    /// Key of the role, as `Role.key` shows it. Needs role.read.
    Key(String),
}

/// Set of permissions that members are granted together.
#[derive(Clone)]
pub struct Role(pub Arc<RoleView>);

/// Permissions that members are granted together. Every tenant has the default roles; others are its own.
#[Object]
impl Role {
    /// ID of the role. The default roles have equal IDs in every tenant.
    pub async fn id(&self) -> ID {
        ID(self.0.role.id.to_string())
    }
    /// Key of the role, unique in the tenant.
    async fn key(&self) -> &str {
        &self.0.role.key
    }
    /// Name of the role.
    async fn name(&self) -> &str {
        &self.0.role.name
    }
    /// True if the role is one of the default roles, which cannot be changed.
    async fn is_built_in(&self) -> bool {
        self.0.is_built_in
    }
    /// Deprecated name of `isBuiltIn`.
    #[graphql(deprecation = "2026-11-27: use isBuiltIn. Removed after 2027-11-27.")]
    async fn built_in(&self) -> bool {
        self.0.is_built_in
    }
    /// The roles that it inherits directly.
    async fn inherits(&self, ctx: &Context<'_>) -> Answer<Vec<Self>> {
        let mut roles = Vec::with_capacity(self.0.role.inherits.len());
        for id in &self.0.role.inherits {
            roles.extend(find_role(ctx, *id).await?);
        }
        Ok(roles)
    }
    /// Permissions that the role gives, those of roles that it inherits included.
    async fn permissions(&self) -> Vec<&'static str> {
        self.0.gives.infos().map(|info| info.code).collect()
    }
    /// The permissions that it has itself, without those that it inherits.
    async fn own_permissions(&self) -> Vec<&'static str> {
        self.0.role.permissions.infos().map(|info| info.code).collect()
    }
    /// Version of the role: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.role.version)
    }
    /// Time at which the role was created; 1970 for the default roles.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.role.created_at)
    }
    /// Time of the last change of the role; 1970 for the default roles, which change only with a new version of
    /// Entrepot.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.role.updated_at)
    }
}

pub async fn find_role(ctx: &Context<'_>, id: RoleId) -> Answer<Option<Role>> {
    let views = access_loaders(ctx)?.roles(ctx.required_data::<Access>()?).await?;
    Ok(views.iter().find(|view| view.role.id == id).cloned().map(Role))
}

/// The roles that have one of these keys. Asking by a key needs the permission to see roles.
pub async fn find_roles_by_key(ctx: &Context<'_>, keys: &HashSet<String>) -> Answer<HashMap<String, Vec<RoleId>>> {
    ctx.permit::<kind::RoleRead>()?;
    let views = access_loaders(ctx)?.roles(ctx.required_data::<Access>()?).await?;
    let mut ids_by_key: HashMap<String, Vec<RoleId>> = HashMap::new();
    for role in views.iter().map(|view| &view.role).filter(|role| keys.contains(&role.key)) {
        ids_by_key.entry(role.key.clone()).or_default().push(role.id);
    }
    Ok(ids_by_key)
}

/// A role that a member has.
#[derive(Clone)]
pub struct RoleGrant(pub Grant);

impl RoleGrant {
    async fn load_role(&self, ctx: &Context<'_>) -> Answer<Role> {
        let granted_role = find_role(ctx, self.0.role).await?;
        granted_role.ok_or_else(|| TopError::from(Fault::corrupt("role_grant", "a role that is granted exists")))
    }
}

/// A role that a member has, the stores that it is for, and how long. Each permission keeps the scope of the grant it came by.
#[Object]
impl RoleGrant {
    /// The role.
    async fn role(&self, ctx: &Context<'_>) -> Answer<Role> {
        self.load_role(ctx).await
    }
    /// The stores, as they were said when it was granted.
    async fn scope(&self, ctx: &Context<'_>) -> Answer<StoreScope> {
        to_store_scope(ctx, &self.0.scope).await
    }
    /// Permissions of the role that the grant does not give, by name: those for the whole tenant, where its scope is not all
    /// stores. Empty when it gives all of them.
    async fn ignored_permissions(&self, ctx: &Context<'_>) -> Answer<Vec<&'static str>> {
        Ok(self.0.scope.ungranted_permissions(self.load_role(ctx).await?.0.gives))
    }
    /// Time at which the grant expires; null when it does not expire.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime)
    }
}

/// Returns the grants of a member, for callers who may see the member.
pub async fn load_role_grants(ctx: &Context<'_>, member: MemberId) -> Answer<Vec<RoleGrant>> {
    let grants = access_loaders(ctx)?.grants(member).await?;
    Ok(grants.iter().map(|grant| RoleGrant(grant.clone())).collect())
}
