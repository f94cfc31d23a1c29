//! The caller of an operation.

use async_graphql::{Context, Object};
use entity::{prelude::*, tenant};
use iam::{
    access::{Caller, REGISTRY},
    identity::{Identity, MAX_SESSIONS_SHOWN, memberships, rows},
};

use super::{
    actors::{Actor, actor},
    types::{LoginSession, PermissionGrant, Profile, Tenant},
};
use crate::{
    access::{KeyUse, reach_to_store_scope},
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::DateTime,
    },
};

/// The caller, with user and tenant.
pub struct Viewer {
    caller: Caller,
    /// None for an integration.
    user: Option<UserId>,
    tenant: tenant::Model,
}

impl Viewer {
    pub async fn new(ctx: &Context<'_>, caller: Caller, tenant: tenant::Model) -> Answer<Self> {
        if caller.actor.kind != ActorKind::Member {
            return Ok(Self { caller, user: None, tenant });
        }
        let identity = ctx.required_data::<Identity>()?;
        let membership =
            rows::membership(&identity.database().global(), caller.tenant, MemberId::from_uuid(caller.actor.id)).await?;
        let user = membership.ok_or(TopError::Unauthenticated)?.user;
        Ok(Self { caller, user: Some(user), tenant })
    }
}

/// Caller of an operation, with the tenant and the caller's permissions there.
#[Object]
impl Viewer {
    /// The member or the integration that is calling.
    async fn actor(&self, ctx: &Context<'_>) -> Answer<Actor> {
        actor(ctx, self.caller.actor).await
    }
    /// Profile of the calling user; null for an integration.
    async fn profile(&self, ctx: &Context<'_>) -> Answer<Option<Profile>> {
        let Some(user) = self.user else { return Ok(None) };
        Ok(ctx.required_data::<Identity>()?.profile(user).await?.map(Into::into))
    }
    /// The tenant of this session.
    async fn tenant(&self) -> Tenant {
        self.tenant.clone().into()
    }
    /// Tenants that the user may sign in to; of an integration its own.
    async fn tenants(&self, ctx: &Context<'_>) -> Answer<Vec<Tenant>> {
        let Some(user) = self.user else { return Ok(vec![self.tenant.clone().into()]) };
        let global = ctx.required_data::<Identity>()?.database().global();
        let memberships = memberships(&global, user).await?;
        let active_memberships = memberships.iter().filter(|membership| membership.status == entity::enums::MemberStatus::Active);
        let ids: Vec<TenantId> = active_memberships.map(|membership| membership.tenant).collect();
        Ok(rows::tenants_by_id(&global, &ids).await?.into_iter().map(Into::into).collect())
    }
    /// Permissions of the caller, each with its stores.
    async fn permissions(&self, ctx: &Context<'_>) -> Answer<Vec<PermissionGrant>> {
        let held_permissions = &self.caller.permissions;
        let grants = held_permissions.bits().indices().map(|index| async move {
            let scope = reach_to_store_scope(ctx, &held_permissions.reach(index)).await?;
            Ok(PermissionGrant { permission: REGISTRY[index].code.to_owned(), scope })
        });
        futures_util::future::try_join_all(grants).await
    }
    /// Time of the caller's last authentication with a password or a code; for an integration, the time at which its
    /// key was created.
    async fn authenticated_at(&self, ctx: &Context<'_>) -> Answer<DateTime> {
        Ok(DateTime(match ctx.data_opt::<KeyUse>() {
            Some(key_use) => key_use.created_at,
            None => ctx.session()?.authenticated_at,
        }))
    }
    /// Login sessions of the calling user in all tenants, the last used first, at most 250; empty for an integration.
    async fn sessions(&self, ctx: &Context<'_>) -> Answer<Vec<LoginSession>> {
        let Some(user) = self.user else { return Ok(Vec::new()) };
        let current = ctx.session()?.id;
        let sessions = ctx.required_data::<Identity>()?.sessions(user).await?;
        Ok(sessions.into_iter().take(MAX_SESSIONS_SHOWN).map(|session| LoginSession::new(session, current)).collect())
    }
    /// True if the user has more login sessions than `sessions` has. False for an integration.
    async fn has_more_sessions(&self, ctx: &Context<'_>) -> Answer<bool> {
        let Some(user) = self.user else { return Ok(false) };
        Ok(ctx.required_data::<Identity>()?.sessions(user).await?.len() > MAX_SESSIONS_SHOWN)
    }
}
