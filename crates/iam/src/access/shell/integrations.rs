//! Making and ending integrations and their keys. A secret is given out once, by the call that made it.

use entity::prelude::*;
use platform::{
    path,
    storage::{Fault, Work},
};

use super::{
    Access, AccessError, Changed, events,
    members::{check_scope, known_places},
};
use crate::access::{
    caller::Permit,
    cidr::Cidr,
    core::{
        ApiKey, Field, Integration, KeyBudget, MAX_CIDRS, MAX_INTEGRATIONS, MAX_KEY_POINTS, MAX_KEYS, ROLL_OVERLAP_SECONDS,
        Rejection, Scope, bounded, check_name,
        key::{Kind, Secret},
        outlives, rights,
    },
    permissions::{Bits, index_of, kind},
    rows,
    set::PermissionSet,
};

/// An integration as it is wanted.
#[derive(Debug, Clone)]
pub struct NewIntegration {
    pub name: String,
    pub channel: Option<ChannelId>,
    pub permissions: Vec<String>,
    pub scope: Scope,
    pub trusted_only: bool,
}

/// A key as it is wanted. What is None is the integration's.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub integration: IntegrationId,
    pub name: String,
    pub permissions: Option<Vec<String>>,
    pub scope: Option<Scope>,
    pub cidrs: Vec<String>,
    pub trusted_only: bool,
    pub budget: Option<KeyBudget>,
    /// None: a year from now.
    pub expires_at: Option<Timestamp>,
}

/// A key with its secret, which is shown now or never.
pub type Made = (ApiKey, Secret);

const YEAR_SECONDS: i64 = 365 * 24 * 3600;

pub(super) fn bits(codes: &[String]) -> Result<Bits, Rejection> {
    let mut bits = Bits::default();
    for (index, code) in codes.iter().enumerate() {
        let field = || path!["input", "permissions", index];
        bits.insert(index_of(code).ok_or_else(|| Rejection::NotFound { what: "permission", field: field() })?);
    }
    Ok(bits)
}

pub(super) fn within(giver: &PermissionSet, given: &PermissionSet, field: &[String]) -> Result<(), Rejection> {
    giver.lacks(given).map_or(Ok(()), |info| Err(Rejection::NotHeld { permission: info.code, field: field.to_vec() }))
}

impl Access {
    pub async fn integration_create(
        &self,
        permit: Permit<kind::ApikeyWrite>,
        new: NewIntegration,
    ) -> Result<Changed<Integration>, AccessError> {
        check_name(&new.name, &path!["input", "name"])?;
        let permissions = bits(&new.permissions)?;
        check_scope(&new.scope, path!["input", "scope"].as_slice())?;
        check_bounds(new.channel, permissions)?;
        let work = self.begin(&permit).await?;
        if rows::integrations(&work).await?.len() >= MAX_INTEGRATIONS {
            let message = format!("a tenant has at most {MAX_INTEGRATIONS} integrations");
            return Err(Rejection::LimitExceeded { message, field: path!["input"] }.into());
        }
        check_channel(&work, new.channel).await?;
        let places = known_places(&work, std::iter::once(&new.scope)).await?;
        places.check(&new.scope, path!["input", "scope"].as_slice())?;
        let giver = self.held_now(&work, permit.caller()).await?;
        within(&giver, &rights(permissions, &new.scope, &places.groups), path!["input", "permissions"].as_slice())?;
        let now = self.clock().now();
        let integration = Integration {
            id: self.clock().id(),
            name: new.name.trim().to_owned(),
            channel: new.channel,
            permissions,
            scope: new.scope,
            trusted_only: new.trusted_only,
            disabled_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        rows::add_integration(&work, &integration).await?;
        let seq = self.end(work, events::INTEGRATION_CREATED.of(integration.id, 1)).await?;
        Ok(Changed { value: integration, seq })
    }

    /// Ends an integration: none of its keys is accepted any more.
    pub async fn integration_disable(
        &self,
        permit: Permit<kind::ApikeyWrite>,
        id: IntegrationId,
    ) -> Result<Changed<Integration>, AccessError> {
        let work = self.begin(&permit).await?;
        let integration = found(&work, id, path!["id"]).await?;
        if integration.disabled_at.is_some() {
            return Ok(Changed { value: integration, seq: None });
        }
        let now = self.clock().now();
        let after = Integration { disabled_at: Some(now), updated_at: now, version: integration.version + 1, ..integration };
        rows::change_integration(&work, &after).await?;
        let seq = self.end(work, events::INTEGRATION_DISABLED.of(id, after.version)).await?;
        Ok(Changed { value: after, seq })
    }

    pub async fn api_key_create(&self, permit: Permit<kind::ApikeyWrite>, new: NewKey) -> Result<Changed<Made>, AccessError> {
        check_name(&new.name, &path!["input", "name"])?;
        check_networks(&new.cidrs)?;
        check_budget(new.budget)?;
        let permissions = new.permissions.as_deref().map(bits).transpose()?;
        if let Some(scope) = &new.scope {
            check_scope(scope, path!["input", "scope"].as_slice())?;
        }
        let now = self.clock().now();
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(Rejection::invalid("a moment to come is expected", path!["input", "expiresAt"]).into());
        }
        let work = self.begin_with_credentials(&permit).await?;
        let integration = found(&work, new.integration, path!["input", "integrationId"]).await?;
        let key = ApiKey {
            id: self.clock().id(),
            integration: integration.id,
            name: new.name.trim().to_owned(),
            prefix: String::new(),
            permissions,
            scope: new.scope,
            cidrs: new.cidrs,
            trusted_only: new.trusted_only,
            budget: new.budget,
            expires_at: Some(new.expires_at.unwrap_or_else(|| now.plus_seconds(YEAR_SECONDS))),
            last_used_at: None,
            revoked_at: None,
            leaked_at: None,
            created_at: now,
        };
        self.may_hold(&work, permit.caller(), &integration, &key).await?;
        let (key, secret) = self.add(&work, key).await?;
        let seq = self.end(work, events::API_KEY_CREATED.of(key.id, 1)).await?;
        Ok(Changed { value: (key, secret), seq })
    }

    /// Makes a key like another one, which lives on for at most seven days so that the partner can change over.
    pub async fn api_key_roll(
        &self,
        permit: Permit<kind::ApikeyWrite>,
        id: ApiKeyId,
        old_expires_at: Timestamp,
    ) -> Result<Changed<Made>, AccessError> {
        let now = self.clock().now();
        if old_expires_at > now.plus_seconds(ROLL_OVERLAP_SECONDS) {
            return Err(Rejection::invalid("the old key may live for at most seven more days", path!["oldKeyExpiresAt"]).into());
        }
        let work = self.begin_with_credentials(&permit).await?;
        let old = found_key(&work, id).await?;
        if old.revoked_at.is_some() || old.expires_at.is_some_and(|end| end <= now) {
            let message = "the key has ended: make a new one".to_owned();
            return Err(Rejection::InvalidState { message, field: path!["id"] }.into());
        }
        let integration = found(&work, old.integration, path!["id"]).await?;
        let lives = |end: Timestamp| Timestamp(now.micros().saturating_add(end.micros().saturating_sub(old.created_at.micros())));
        let next = ApiKey {
            id: self.clock().id(),
            created_at: now,
            last_used_at: None,
            expires_at: old.expires_at.map(lives),
            ..old.clone()
        };
        self.may_hold(&work, permit.caller(), &integration, &next).await?;
        let ends = old.expires_at.map_or(old_expires_at, |end| end.min(old_expires_at));
        rows::end_key(&work, &ApiKey { expires_at: Some(ends), ..old }).await?;
        let (key, secret) = self.add(&work, next).await?;
        let seq = self.end(work, events::API_KEY_ROLLED.of(key.id, 1)).await?;
        Ok(Changed { value: (key, secret), seq })
    }

    /// Ends a key at once.
    pub async fn api_key_revoke(&self, permit: Permit<kind::ApikeyWrite>, id: ApiKeyId) -> Result<Changed<ApiKey>, AccessError> {
        let work = self.begin(&permit).await?;
        let key = found_key(&work, id).await?;
        if key.revoked_at.is_some() {
            return Ok(Changed { value: key, seq: None });
        }
        let after = ApiKey { revoked_at: Some(self.clock().now()), ..key };
        rows::end_key(&work, &after).await?;
        let seq = self.end(work, events::API_KEY_REVOKED.of(id, 1)).await?;
        Ok(Changed { value: after, seq })
    }

    /// A key lies within its integration, and whoever makes it, or learns its secret, holds all that it gives.
    async fn may_hold(
        &self,
        work: &Work,
        caller: &crate::access::Caller,
        integration: &Integration,
        key: &ApiKey,
    ) -> Result<(), AccessError> {
        if integration.disabled_at.is_some() {
            let message = "the integration has been disabled".to_owned();
            return Err(Rejection::InvalidState { message, field: path!["input", "integrationId"] }.into());
        }
        if rows::keys_of(work, &[integration.id]).await?.len() >= MAX_KEYS {
            let message = format!("an integration has at most {MAX_KEYS} keys");
            return Err(Rejection::LimitExceeded { message, field: path!["input"] }.into());
        }
        let beyond = key.permissions.unwrap_or_default().without(integration.permissions);
        if let Some(info) = beyond.infos().next() {
            let message = format!("the integration itself does not have {}", info.code);
            return Err(Rejection::invalid(message, path!["input", "permissions"]).into());
        }
        let scope = key.scope.as_ref().unwrap_or(&integration.scope);
        let places = known_places(work, [&integration.scope, scope].into_iter()).await?;
        places.check(scope, path!["input", "scope"].as_slice())?;
        if !integration.scope.reach(&places.groups).contains(&scope.reach(&places.groups)) {
            return Err(Rejection::invalid("the integration itself does not reach these stores", path!["input", "scope"]).into());
        }
        let giver = self.held_now(work, caller).await?;
        let permissions = key.permissions.unwrap_or(integration.permissions);
        within(&giver, &rights(permissions, scope, &places.groups), path!["input", "permissions"].as_slice())?;
        if outlives(&giver, key.expires_at) {
            let message = "your own rights end before: a key cannot outlive those of whoever makes it";
            return Err(Rejection::invalid(message, path!["input", "expiresAt"]).into());
        }
        Ok(())
    }

    async fn add(&self, work: &Work, key: ApiKey) -> Result<Made, Fault> {
        let kind = if rows::is_sandbox(work).await? { Kind::Test } else { Kind::Live };
        let secret = Secret::make(kind, |bytes| self.clock().fill(bytes));
        let key = ApiKey { prefix: secret.prefix().to_owned(), ..key };
        rows::add_key(work, &key, secret.hash()).await?;
        Ok((key, secret))
    }
}

fn check_networks(cidrs: &[String]) -> Result<(), Rejection> {
    if cidrs.len() > MAX_CIDRS {
        let message = format!("at most {MAX_CIDRS} networks are taken");
        return Err(Rejection::LimitExceeded { message, field: path!["input", "allowedCidrs"] });
    }
    match cidrs.iter().position(|cidr| Cidr::parse(cidr).is_none()) {
        None => Ok(()),
        Some(index) => {
            let message = "a network is expected, as in 192.0.2.0/24 or 2001:db8::/32";
            Err(Rejection::invalid(message, path!["input", "allowedCidrs", index]))
        }
    }
}

/// What tells of more than one channel is not for an integration that is bound to one.
pub(super) fn check_bounds(channel: Option<ChannelId>, permissions: Bits) -> Result<(), Rejection> {
    match channel.and_then(|_| bounded(permissions)) {
        None => Ok(()),
        Some(info) => {
            let message =
                format!("{} tells of more than one channel: an integration that is bound to one cannot have it", info.code);
            Err(Rejection::invalid(message, path!["input", "permissions"]))
        }
    }
}

pub(super) async fn check_channel(work: &Work, channel: Option<ChannelId>) -> Result<(), AccessError> {
    match channel {
        Some(channel) if !rows::is_channel(work, channel).await? => {
            Err(Rejection::NotFound { what: "channel", field: path!["input", "channelId"] }.into())
        }
        _ => Ok(()),
    }
}

fn check_budget(budget: Option<KeyBudget>) -> Result<(), Rejection> {
    let Some(budget) = budget else { return Ok(()) };
    for (points, field) in [(budget.points, "points"), (budget.restored_per_second, "restoreRate")] {
        if !(1..=MAX_KEY_POINTS).contains(&points) {
            let message = format!("1 to {MAX_KEY_POINTS} points are expected");
            return Err(Rejection::invalid(message, path!["input", "budget", field]));
        }
    }
    Ok(())
}

pub(super) async fn found(work: &Work, id: IntegrationId, field: Field) -> Result<Integration, AccessError> {
    let found = rows::integrations_by_id(work, &[id]).await?.pop();
    Ok(found.ok_or(Rejection::NotFound { what: "integration", field })?)
}

async fn found_key(work: &Work, id: ApiKeyId) -> Result<ApiKey, AccessError> {
    let found = rows::keys_by_id(work, &[id]).await?.pop();
    Ok(found.ok_or(Rejection::NotFound { what: "API key", field: path!["id"] })?)
}
