//! Integrations and their keys.

use std::sync::Arc;

use async_graphql::{Context, ID, SimpleObject};
use entity::prelude::{self, ApiKeyId, IntegrationId, Timestamp};
use iam::access::{core, kind as may, rows};
use macros::resolvers;
use platform::storage::Fault;

use super::{loads::access_loaders, scope::to_store_scope};
use crate::{
    catalog::Channel,
    graphql::{
        context::ContextExt,
        deprecated::{self, DeprecationNotice},
        fault::{Answer, TopError},
        scalars::{Date, DateTime, Long},
    },
    identity::StoreScope,
    orders::links,
};

/// A program of a partner, or of your own, that calls with keys.
#[derive(Debug, Clone)]
pub struct Integration(pub Arc<core::Integration>);

impl Integration {
    /// Permits the fields other than the name: to callers who may see integrations, and to the
    /// integration itself. The name is shown to any reader of its actions; the other resolvers call
    /// this.
    fn check_access(&self, ctx: &Context<'_>) -> Answer<()> {
        if ctx.caller()?.actor != prelude::Actor::integration(self.0.id) {
            ctx.permit::<may::ApikeyRead>()?;
        }
        Ok(())
    }
}

/// Program of a partner or of the tenant, which calls with API keys. It belongs to the tenant and
/// not to the member who created it.
#[resolvers]
impl Integration {
    /// TypeID of the integration, which begins with int_.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Name of the integration.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Channel that the integration is bound to: it sees orders and reservations of that channel only. Null when it is bound to
    /// none.
    #[field(permit(ApikeyRead, in_body))]
    async fn channel(&self, ctx: &Context<'_>) -> Option<Answer<Channel>> {
        if let Err(error) = self.check_access(ctx) {
            return Some(Err(error));
        }
        Some(links::channel(ctx, self.0.channel?).await)
    }
    /// Permissions of the integration, by name.
    #[field(permit(ApikeyRead, in_body))]
    async fn permissions(&self, ctx: &Context<'_>) -> Answer<Vec<&'static str>> {
        self.check_access(ctx)?;
        Ok(self.0.permissions.infos().map(|info| info.code).collect())
    }
    /// Stores to which the integration's permissions of the class STORE apply.
    #[field(permit(ApikeyRead, in_body))]
    async fn scope(&self, ctx: &Context<'_>) -> Answer<StoreScope> {
        self.check_access(ctx)?;
        to_store_scope(ctx, &self.0.scope).await
    }
    /// Permissions of the integration that it does not have, by name: those for the whole tenant, where its scope is not all
    /// stores. Empty when it has all of them.
    #[field(permit(ApikeyRead, in_body))]
    async fn ignored_permissions(&self, ctx: &Context<'_>) -> Answer<Vec<&'static str>> {
        self.check_access(ctx)?;
        Ok(self.0.scope.ungranted_permissions(self.0.permissions))
    }
    /// API keys of the integration, the oldest first, including those that have ended.
    #[field(permit = ApikeyRead)]
    async fn keys(&self, ctx: &Context<'_>) -> Answer<Vec<ApiKey>> {
        Ok(access_loaders(ctx)?.keys(self.0.id).await?.iter().cloned().map(ApiKey).collect())
    }
    /// True if the integration's keys may send only documents that the operator has listed.
    #[field(permit(ApikeyRead, in_body), was("trustedDocumentsOnly", "2026-11-27"))]
    async fn is_trusted_documents_only(&self, ctx: &Context<'_>) -> Answer<bool> {
        self.check_access(ctx)?;
        Ok(self.0.trusted_only)
    }
    /// Time at which the integration was disabled, from which on none of its keys is accepted; null while it is
    /// enabled.
    #[field(permit(ApikeyRead, in_body))]
    async fn disabled_at(&self, ctx: &Context<'_>) -> Answer<Option<DateTime>> {
        self.check_access(ctx)?;
        Ok(self.0.disabled_at.map(DateTime))
    }
    /// Version of the integration: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time at which the integration was created.
    #[field(permit(ApikeyRead, in_body))]
    async fn created_at(&self, ctx: &Context<'_>) -> Answer<DateTime> {
        self.check_access(ctx)?;
        Ok(DateTime(self.0.created_at))
    }
    /// Time of the last change of the integration.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

pub async fn find_integration(ctx: &Context<'_>, id: IntegrationId) -> Answer<Option<Integration>> {
    Ok(access_loaders(ctx)?.integration(id).await?.map(Integration))
}

/// An integration as an author: callers who see its actions may see its name.
pub async fn find_author(ctx: &Context<'_>, id: IntegrationId) -> Answer<Option<Integration>> {
    find_integration(ctx, id).await
}

/// A key of an integration. Its secret is shown once, by the call that made it, and kept nowhere.
#[derive(Debug, Clone)]
pub struct ApiKey(pub core::ApiKey);

impl ApiKey {
    async fn of(&self, ctx: &Context<'_>) -> Answer<Integration> {
        let owner = find_integration(ctx, self.0.integration).await?;
        owner.ok_or_else(|| TopError::from(Fault::corrupt("api_key", "a key has an integration")))
    }
}

/// A key of an integration. Its secret is shown once, by the call that made it, and kept nowhere.
#[resolvers(requires = ApikeyRead)]
impl ApiKey {
    /// TypeID of the key, which begins with key_. The ID is not the secret.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Name of the key.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// First characters of the secret, which identify the key in lists.
    async fn prefix(&self) -> &str {
        &self.0.prefix
    }
    /// Integration that the key belongs to.
    async fn integration(&self, ctx: &Context<'_>) -> Answer<Integration> {
        self.of(ctx).await
    }
    /// Permissions of the key: its own, as far as the integration still has them.
    async fn permissions(&self, ctx: &Context<'_>) -> Answer<Vec<&'static str>> {
        let integration_permissions = self.of(ctx).await?.0.permissions;
        Ok(self
            .0
            .permissions
            .map_or(integration_permissions, |own| own.and(integration_permissions))
            .infos()
            .map(|info| info.code)
            .collect())
    }
    /// Stores to which the key's permissions of the class STORE apply: at most the integration's.
    async fn scope(&self, ctx: &Context<'_>) -> Answer<StoreScope> {
        match &self.0.scope {
            Some(scope) => to_store_scope(ctx, scope).await,
            None => to_store_scope(ctx, &self.of(ctx).await?.0.scope).await,
        }
    }
    /// Permissions of the key that it does not have, by name: those for the whole tenant, where its scope or the integration's is
    /// not all stores. Empty when it has all of them.
    async fn ignored_permissions(&self, ctx: &Context<'_>) -> Answer<Vec<&'static str>> {
        let integration = self.of(ctx).await?.0;
        let own_permissions = self.0.permissions.map_or(integration.permissions, |own| own.and(integration.permissions));
        let scopes = [Some(&integration.scope), self.0.scope.as_ref()];
        Ok(scopes
            .into_iter()
            .flatten()
            .map(|scope| scope.ungranted_permissions(own_permissions))
            .find(|missing_permissions| !missing_permissions.is_empty())
            .unwrap_or_default())
    }
    /// Networks from which the key is accepted, as CIDR blocks. Empty for any.
    async fn allowed_cidrs(&self) -> &[String] {
        &self.0.cidrs
    }
    /// True if the key may send only documents that the operator has listed: by its own setting or by the integration's.
    #[field(was("trustedDocumentsOnly", "2026-11-27"))]
    async fn is_trusted_documents_only(&self, ctx: &Context<'_>) -> Answer<bool> {
        Ok(self.0.trusted_only || self.of(ctx).await?.0.trusted_only)
    }
    /// Share of the integration's rate limit that the key may use; null when it may use all of it.
    async fn budget(&self) -> Option<ApiKeyBudget> {
        self.0.budget.map(ApiKeyBudget::from)
    }
    /// IP addresses from which the key was used, at most 100, the latest first.
    async fn addresses(&self, ctx: &Context<'_>) -> Answer<Vec<ApiKeyAddress>> {
        Ok(access_loaders(ctx)?.addresses(self.0.id).await?.iter().map(ApiKeyAddress::from).collect())
    }
    /// Deprecated fields, arguments, input fields and enum values that calls with the key have used, and optional idempotency keys that
    /// creations were sent without, by coordinate. Counted by the node that answers, since it started; empty when it has seen none.
    async fn deprecated_use(&self) -> Vec<ApiKeyDeprecatedUse> {
        deprecated::of_key(self.0.id.uuid()).into_iter().map(ApiKeyDeprecatedUse::from).collect()
    }
    /// Time at which the key expires; null when it does not expire.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime)
    }
    /// Time at which the key was last used, to the minute; null when it was never used.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(DateTime)
    }
    /// Time at which the key was revoked; null when it was not.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime)
    }
    /// Time at which the secret was reported as leaked, which revoked the key; null when there was no report.
    async fn leaked_at(&self) -> Option<DateTime> {
        self.0.leaked_at.map(DateTime)
    }
    /// Time at which the key was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// Share of an integration's rate limit that one key may use.
#[derive(Debug, Clone, SimpleObject)]
pub struct ApiKeyBudget {
    /// Points of the key's bucket when it is full, from 1 to 1,000,000.
    pub points: u32,
    /// Points that return to the key's bucket each second, from 1 to 1,000,000.
    pub restore_rate: u32,
}

impl From<core::KeyBudget> for ApiKeyBudget {
    fn from(budget: core::KeyBudget) -> Self {
        Self { points: budget.points, restore_rate: budget.restored_per_second }
    }
}

/// Deprecated part of the schema that a key has used.
#[derive(Debug, Clone, SimpleObject)]
pub struct ApiKeyDeprecatedUse {
    /// Schema coordinate of the part, such as Query.scan, Query.orders(old:) or OrderStatus.OLD.
    pub coordinate: String,
    /// Notice of the deprecation, with the replacement.
    pub reason: String,
    /// Number of operations that used the part on this node since it started.
    #[graphql(owned)]
    pub calls: Long,
    /// Time of the last operation that used the part on this node.
    #[graphql(owned)]
    pub last_used_at: DateTime,
    /// Last day, in UTC, on which the part is certain to be there; null when the notice names none.
    #[graphql(owned)]
    pub removed_after: Option<Date>,
}

impl From<deprecated::Use> for ApiKeyDeprecatedUse {
    fn from(usage: deprecated::Use) -> Self {
        let deprecated::Use { deprecation, calls, last_used_at } = usage;
        Self {
            coordinate: deprecation.coordinate.clone(),
            reason: deprecation.reason.clone(),
            calls: Long(i64::try_from(calls).unwrap_or(i64::MAX)),
            last_used_at: DateTime(Timestamp(last_used_at)),
            removed_after: DeprecationNotice::read(&deprecation.reason).map(|notice| Date(notice.removed_after)),
        }
    }
}

/// An address that a key was used from.
#[derive(Debug, Clone, SimpleObject)]
pub struct ApiKeyAddress {
    /// The address.
    pub address: String,
    /// Time at which the key was first used from the address, to the minute.
    #[graphql(owned)]
    pub first_used_at: DateTime,
    /// Time at which the key was last used from the address, to the minute.
    #[graphql(owned)]
    pub last_used_at: DateTime,
}

impl From<&core::KeyAddress> for ApiKeyAddress {
    fn from(key_address: &core::KeyAddress) -> Self {
        let core::KeyAddress { address, first_used_at, last_used_at } = key_address;
        Self { address: address.clone(), first_used_at: DateTime(*first_used_at), last_used_at: DateTime(*last_used_at) }
    }
}

pub async fn find_api_key(ctx: &Context<'_>, id: ApiKeyId) -> Answer<Option<ApiKey>> {
    Ok(rows::keys_by_id(&access_loaders(ctx)?.scope, &[id]).await?.pop().map(ApiKey))
}
