//! Making and ending integrations and their keys. A secret is given out once, by the call that made it.

use entity::prelude::*;
use platform::{
    audit,
    storage::{Fault, Work, journal},
};

use super::{
    Access, AccessError, Changed, events,
    members::{check_scope, known_places},
    traced,
};
use crate::access::{
    caller::Permit,
    cidr::Cidr,
    core::{
        ApiKey, At, Counted, Field, Given, Integration, Invalid, KeyBudget, MAX_CIDRS, MAX_INTEGRATIONS, MAX_KEY_POINTS, Noun,
        ROLL_OVERLAP_SECONDS, Refusal, Rejection, Scope, bounded, check_name,
        key::{Kind, Secret},
        outlives, rights, room_for_key,
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
        let unknown = || Refusal::NotFound(Noun::Permission).at(At::input(Field::Permissions).nth(index));
        bits.insert(index_of(code).ok_or_else(unknown)?);
    }
    Ok(bits)
}

pub(super) fn within(giver: &PermissionSet, given: &PermissionSet, at: At) -> Result<(), Rejection> {
    giver.lacks(given).map_or(Ok(()), |info| Err(Invalid::NotHeld { permission: info.code }.at(at)))
}

impl Access {
    pub async fn integration_create(
        &self,
        permit: Permit<kind::ApikeyWrite>,
        new: NewIntegration,
    ) -> Result<Changed<Integration>, AccessError> {
        check_name(&new.name, At::input(Field::Name))?;
        let permissions = bits(&new.permissions)?;
        check_scope(&new.scope, At::input(Field::Scope))?;
        check_bounds(new.channel, permissions)?;
        let mut work = self.begin(&permit).await?;
        if rows::integrations(&work).await?.len() >= MAX_INTEGRATIONS {
            return Err(Refusal::TooMany { what: Counted::Integrations, most: MAX_INTEGRATIONS }.at(At::INPUT).into());
        }
        check_channel(&work, new.channel).await?;
        let places = known_places(&work, std::iter::once(&new.scope)).await?;
        places.check(&new.scope, At::input(Field::Scope))?;
        let giver = self.held_now(&work, permit.caller()).await?;
        within(&giver, &rights(permissions, &new.scope, &places.groups), At::input(Field::Permissions))?;
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
        audit::changed(&mut work, integration.id, None, Some(&traced::integration(&integration)), None);
        let seq = self.end(work, events::INTEGRATION_CREATED.of(integration.id, 1)).await?;
        Ok(Changed { value: integration, seq })
    }

    /// Ends an integration: none of its keys is accepted any more.
    pub async fn integration_disable(
        &self,
        permit: Permit<kind::ApikeyWrite>,
        id: IntegrationId,
    ) -> Result<Changed<Integration>, AccessError> {
        let mut work = self.begin(&permit).await?;
        let integration = found(&work, id, At::argument(Field::Id)).await?;
        if integration.disabled_at.is_some() {
            return Ok(Changed { value: integration, seq: None });
        }
        let now = self.clock().now();
        let was = traced::integration(&integration);
        let after = Integration { disabled_at: Some(now), updated_at: now, version: integration.version + 1, ..integration };
        rows::change_integration(&work, &after).await?;
        audit::changed(&mut work, id, Some(&was), Some(&traced::integration(&after)), None);
        let seq = self.end(work, events::INTEGRATION_DISABLED.of(id, after.version)).await?;
        Ok(Changed { value: after, seq })
    }

    pub async fn api_key_create(&self, permit: Permit<kind::ApikeyWrite>, new: NewKey) -> Result<Changed<Made>, AccessError> {
        check_name(&new.name, At::input(Field::Name))?;
        check_networks(&new.cidrs)?;
        check_budget(new.budget)?;
        let permissions = new.permissions.as_deref().map(bits).transpose()?;
        if let Some(scope) = &new.scope {
            check_scope(scope, At::input(Field::Scope))?;
        }
        let now = self.clock().now();
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(Invalid::Past.at(At::input(Field::ExpiresAt)).into());
        }
        let mut work = self.begin_with_credentials(&permit).await?;
        let integration = found(&work, new.integration, At::input(Field::IntegrationId)).await?;
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
        audit::changed(&mut work, key.id, None, Some(&traced::key(&key)), None);
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
            return Err(Invalid::RollTooLong.at(At::argument(Field::OldKeyExpiresAt)).into());
        }
        let mut work = self.begin_with_credentials(&permit).await?;
        let old = found_key(&work, id).await?;
        if old.revoked_at.is_some() || old.expires_at.is_some_and(|end| end <= now) {
            return Err(Refusal::KeyEnded.at(At::argument(Field::Id)).into());
        }
        let integration = found(&work, old.integration, At::argument(Field::Id)).await?;
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
        let (was, ended) = (traced::key(&old), ApiKey { expires_at: Some(ends), ..old });
        rows::end_key(&work, &ended).await?;
        audit::changed(&mut work, id, Some(&was), Some(&traced::key(&ended)), None);
        let (key, secret) = self.add(&work, next).await?;
        audit::changed(&mut work, key.id, None, Some(&traced::key(&key)), None);
        let seq = self.end(work, events::API_KEY_ROLLED.of(key.id, 1)).await?;
        Ok(Changed { value: (key, secret), seq })
    }

    /// Ends a key at once.
    pub async fn api_key_revoke(&self, permit: Permit<kind::ApikeyWrite>, id: ApiKeyId) -> Result<Changed<ApiKey>, AccessError> {
        let mut work = self.begin(&permit).await?;
        let key = found_key(&work, id).await?;
        if key.revoked_at.is_some() {
            return Ok(Changed { value: key, seq: None });
        }
        let was = traced::key(&key);
        let after = ApiKey { revoked_at: Some(self.clock().now()), ..key };
        rows::end_key(&work, &after).await?;
        audit::changed(&mut work, id, Some(&was), Some(&traced::key(&after)), None);
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
            return Err(Refusal::IntegrationDisabled.at(At::input(Field::IntegrationId)).into());
        }
        let keys = rows::keys_of(work, &[integration.id]).await?;
        room_for_key(&keys, self.clock().now()).map_err(|full| full.at(At::INPUT))?;
        let beyond = key.permissions.unwrap_or_default().without(integration.permissions);
        if let Some(info) = beyond.infos().next() {
            return Err(Invalid::BeyondIntegration { permission: info.code }.at(At::input(Field::Permissions)).into());
        }
        let scope = key.scope.as_ref().unwrap_or(&integration.scope);
        let places = known_places(work, [&integration.scope, scope].into_iter()).await?;
        places.check(scope, At::input(Field::Scope))?;
        if !integration.scope.reach(&places.groups).contains(&scope.reach(&places.groups)) {
            return Err(Invalid::OutsideIntegration.at(At::input(Field::Scope)).into());
        }
        let giver = self.held_now(work, caller).await?;
        let permissions = key.permissions.unwrap_or(integration.permissions);
        within(&giver, &rights(permissions, scope, &places.groups), At::input(Field::Permissions))?;
        if outlives(&giver, key.expires_at) {
            return Err(Invalid::Outlives(Given::Key).at(At::input(Field::ExpiresAt)).into());
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
        return Err(Refusal::TooMany { what: Counted::Networks, most: MAX_CIDRS }.at(At::input(Field::AllowedCidrs)));
    }
    match cidrs.iter().position(|cidr| Cidr::parse(cidr).is_none()) {
        None => Ok(()),
        Some(index) => Err(Invalid::Network.at(At::input(Field::AllowedCidrs).nth(index))),
    }
}

/// What tells of more than one channel is not for an integration that is bound to one.
pub(super) fn check_bounds(channel: Option<ChannelId>, permissions: Bits) -> Result<(), Rejection> {
    match channel.and_then(|_| bounded(permissions)) {
        None => Ok(()),
        Some(info) => Err(Invalid::BeyondChannel { permission: info.code }.at(At::input(Field::Permissions))),
    }
}

/// The channel is there and in use, and stays so until the transaction ends: whoever archives it counts behind the counter what is bound to it.
pub(super) async fn check_channel(work: &Work, channel: Option<ChannelId>) -> Result<(), AccessError> {
    let Some(channel) = channel else { return Ok(()) };
    journal::hold(work).await?;
    if rows::is_channel(work, channel).await? {
        return Ok(());
    }
    Err(Refusal::NotFound(Noun::Channel).at(At::input(Field::ChannelId)).into())
}

fn check_budget(budget: Option<KeyBudget>) -> Result<(), Rejection> {
    let Some(budget) = budget else { return Ok(()) };
    for (points, field) in [(budget.points, Field::Points), (budget.restored_per_second, Field::RestoreRate)] {
        if !(1..=MAX_KEY_POINTS).contains(&points) {
            return Err(Invalid::Points { most: MAX_KEY_POINTS }.at(At::budget(field)));
        }
    }
    Ok(())
}

pub(super) async fn found(work: &Work, id: IntegrationId, at: At) -> Result<Integration, AccessError> {
    let found = rows::integrations_by_id(work, &[id]).await?.pop();
    Ok(found.ok_or(Refusal::NotFound(Noun::Integration).at(at))?)
}

async fn found_key(work: &Work, id: ApiKeyId) -> Result<ApiKey, AccessError> {
    let found = rows::keys_by_id(work, &[id]).await?.pop();
    Ok(found.ok_or(Refusal::NotFound(Noun::ApiKey).at(At::argument(Field::Id)))?)
}
