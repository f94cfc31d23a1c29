//! Looking at rights.

use async_graphql::{Context, Enum, SimpleObject};
use iam::access::{Access, Class, REGISTRY, rows};
use macros::resolvers;

use super::{Integration, Role, StoreGroup, loads::loads};
use crate::graphql::{context::ContextExt, fault::Answer};

/// Class of a permission: for the whole tenant, or for stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Class", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum PermissionClass {
    /// The permission applies to the whole tenant: a grant for some stores never includes it.
    Tenant,
    /// The permission applies to the stores of its grant.
    Store,
}

/// Permission that roles and API keys can grant.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub struct Permission {
    /// Code of the permission, as roles and API keys use it.
    pub code: &'static str,
    /// Class of the permission: STORE where a grant can limit it to stores, else TENANT.
    pub class: PermissionClass,
    /// Operations that the permission allows, in words.
    pub description: &'static str,
}

#[derive(Default)]
pub struct AccessQuery;

#[resolvers]
impl AccessQuery {
    /// Every permission there is.
    #[field(authenticated)]
    async fn permissions(&self, ctx: &Context<'_>) -> Answer<Vec<Permission>> {
        let known = |info: &iam::access::PermissionInfo| Permission {
            code: info.code,
            class: info.class.into(),
            description: info.description,
        };
        Ok(REGISTRY.iter().map(known).collect())
    }

    /// All roles: the default ones, then the tenant's own by key.
    #[field(permit = RoleRead)]
    async fn roles(&self, ctx: &Context<'_>) -> Answer<Vec<Role>> {
        let all = loads(ctx)?.roles(ctx.given::<Access>()?).await?;
        Ok(all.iter().cloned().map(Role).collect())
    }

    /// Groups of stores, by code.
    #[field(permit = StoreRead)]
    async fn store_groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "True for archived groups, false for those in use, null for both. Default false.",
            default_with = "Some(false)"
        )]
        is_archived: Option<bool>,
    ) -> Answer<Vec<StoreGroup>> {
        let scope = permit.scope(ctx.given::<Access>()?.database());
        let groups = rows::groups(&scope).await?.into_iter();
        let groups = groups.filter(|group| is_archived.is_none_or(|wanted| group.archived_at.is_some() == wanted));
        Ok(groups.map(|group| StoreGroup(group.into())).collect())
    }

    /// All integrations, the oldest first.
    #[field(permit = ApikeyRead)]
    async fn integrations(&self, ctx: &Context<'_>) -> Answer<Vec<Integration>> {
        let scope = permit.scope(ctx.given::<Access>()?.database());
        Ok(rows::integrations(&scope).await?.into_iter().map(|one| Integration(one.into())).collect())
    }
}
