//! Creating and ending integrations and their keys. A secret is returned once, by the call that
//! created it.

use entity::prelude::*;
use platform::{
    audit,
    storage::{Fault, Work, journal},
};

use super::{
    audit_fields,
    error::AccessError,
    members::{ScopeTargets, check_scope, load_scope_targets},
    service::{Access, ChangedValue},
};
use crate::access::{
    caller::Permit,
    cidr::Cidr,
    core::{
        ApiKey, At, Field, GrantingChange, Integration, Invalid, KeyBudget, LimitedObject, MAX_CIDRS, MAX_INTEGRATIONS,
        MAX_KEY_POINTS, Noun, ROLL_OVERLAP_SECONDS, Refusal, Refusals, Scope, Stage, check_key_limit, check_name,
        cross_channel_permissions,
        key::{Kind, Secret},
        outlives, rights,
    },
    events,
    permissions::{Bits, kind},
    rows,
    set::PermissionSet,
};

/// Input for an integration.
#[derive(Debug, Clone)]
pub struct NewIntegration {
    pub name: String,
    pub channel: Option<ChannelId>,
    pub permissions: Vec<String>,
    pub scope: Scope,
    pub trusted_only: bool,
}

/// Input for a key. Fields that are None take the integration's value.
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
pub type CreatedKey = (ApiKey, Secret);

const YEAR_SECONDS: i64 = 365 * 24 * 3600;

/// Refuses permissions that the giver does not hold, each at the code that names it.
pub(super) fn check_permissions_held(giver: &PermissionSet, granted: &PermissionSet, codes: &[String], refusals: &mut Refusals) {
    refusals.refuse_permissions(codes, giver.missing_permissions(granted), |permission| Invalid::NotHeld { permission });
}

impl Access {
    pub async fn integration_create(
        &self,
        permit: Permit<kind::ApikeyWrite>,
        new_integration: NewIntegration,
    ) -> Result<ChangedValue<Integration>, AccessError> {
        let mut refusals = Refusals::default();
        refusals.take(check_name(&new_integration.name, At::input(Field::Name)));
        refusals.take(check_scope(&new_integration.scope, At::input(Field::Scope)));
        refusals.end(Stage::Shape)?;
        let permissions = refusals.permissions(&new_integration.permissions);
        let mut work = self.begin(&permit).await?;
        check_channel(&work, new_integration.channel, &mut refusals).await?;
        let targets = load_scope_targets(&work, &[&new_integration.scope]).await?;
        targets.check(&new_integration.scope, At::input(Field::Scope), &mut refusals);
        refusals.end(Stage::Reference)?;
        check_bounds(new_integration.channel, permissions, &new_integration.permissions, &mut refusals);
        let giver = self.current_permissions(&work, permit.caller()).await?;
        check_permissions_held(
            &giver,
            &rights(permissions, &new_integration.scope, &targets.groups),
            &new_integration.permissions,
            &mut refusals,
        );
        if rows::integrations(&work).await?.len() >= MAX_INTEGRATIONS {
            refusals.add(Refusal::TooMany { what: LimitedObject::Integrations, most: MAX_INTEGRATIONS }.at(At::INPUT));
        }
        refusals.end(Stage::State)?;
        let now = self.clock().now();
        let integration = Integration {
            id: self.clock().id(),
            name: new_integration.name.trim().to_owned(),
            channel: new_integration.channel,
            permissions,
            scope: new_integration.scope,
            trusted_only: new_integration.trusted_only,
            disabled_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        rows::add_integration(&work, &integration).await?;
        audit::changed(&mut work, integration.id, None, Some(&audit_fields::integration(&integration)), None);
        let seq = self.end(work, events::INTEGRATION_CREATED.of(integration.id, 1)).await?;
        Ok(ChangedValue { value: integration, seq })
    }

    /// Disables an integration: none of its keys is accepted any more.
    pub async fn integration_disable(
        &self,
        permit: Permit<kind::ApikeyWrite>,
        id: IntegrationId,
    ) -> Result<ChangedValue<Integration>, AccessError> {
        let mut work = self.begin(&permit).await?;
        let integration = require_integration(&work, id, At::argument(Field::Id)).await?;
        if integration.disabled_at.is_some() {
            return Ok(ChangedValue { value: integration, seq: None });
        }
        let now = self.clock().now();
        let fields_before = audit_fields::integration(&integration);
        let after = Integration { disabled_at: Some(now), updated_at: now, version: integration.version + 1, ..integration };
        rows::change_integration(&work, &after).await?;
        audit::changed(&mut work, id, Some(&fields_before), Some(&audit_fields::integration(&after)), None);
        let seq = self.end(work, events::INTEGRATION_DISABLED.of(id, after.version)).await?;
        Ok(ChangedValue { value: after, seq })
    }

    pub async fn api_key_create(
        &self,
        permit: Permit<kind::ApikeyWrite>,
        new_key: NewKey,
    ) -> Result<ChangedValue<CreatedKey>, AccessError> {
        let mut refusals = Refusals::default();
        refusals.take(check_name(&new_key.name, At::input(Field::Name)));
        check_networks(&new_key.cidrs, &mut refusals);
        if let Some(scope) = &new_key.scope {
            refusals.take(check_scope(scope, At::input(Field::Scope)));
        }
        refusals.end(Stage::Shape)?;
        let permissions = new_key.permissions.as_deref().map(|codes| refusals.permissions(codes));
        let now = self.clock().now();
        let mut work = self.begin_with_credentials(&permit).await?;
        let not_found = || Refusal::NotFound(Noun::Integration).at(At::input(Field::IntegrationId));
        let existing = rows::integrations_by_id(&work, &[new_key.integration]).await?.pop();
        if existing.is_none() {
            refusals.add(not_found());
        }
        let scopes: Vec<&Scope> = existing.iter().map(|integration| &integration.scope).chain(&new_key.scope).collect();
        let targets = load_scope_targets(&work, &scopes).await?;
        if let Some(scope) = &new_key.scope {
            targets.check(scope, At::input(Field::Scope), &mut refusals);
        }
        refusals.end(Stage::Reference)?;
        let integration = existing.ok_or_else(not_found)?;
        check_budget(new_key.budget, &mut refusals);
        if new_key.expires_at.is_some_and(|end| end <= now) {
            refusals.add(Invalid::Past.at(At::input(Field::ExpiresAt)));
        }
        let key = ApiKey {
            id: self.clock().id(),
            integration: integration.id,
            name: new_key.name.trim().to_owned(),
            prefix: String::new(),
            permissions,
            scope: new_key.scope,
            cidrs: new_key.cidrs,
            trusted_only: new_key.trusted_only,
            budget: new_key.budget,
            expires_at: Some(new_key.expires_at.unwrap_or_else(|| now.plus_seconds(YEAR_SECONDS))),
            last_used_at: None,
            revoked_at: None,
            leaked_at: None,
            created_at: now,
        };
        let giver = self.current_permissions(&work, permit.caller()).await?;
        let codes = new_key.permissions.as_deref().unwrap_or_default();
        KeyTerms { integration: &integration, places: &targets, codes }.check_rights(&giver, &key, &mut refusals);
        check_room(&work, &integration, now, &mut refusals).await?;
        refusals.end(Stage::State)?;
        let (key, secret) = self.add(&work, key).await?;
        audit::changed(&mut work, key.id, None, Some(&audit_fields::key(&key)), None);
        let seq = self.end(work, events::API_KEY_CREATED.of(key.id, 1)).await?;
        Ok(ChangedValue { value: (key, secret), seq })
    }

    /// Creates a key with the settings of another one, which stays valid for at most seven days so
    /// that the partner can switch.
    pub async fn api_key_roll(
        &self,
        permit: Permit<kind::ApikeyWrite>,
        id: ApiKeyId,
        old_expires_at: Timestamp,
    ) -> Result<ChangedValue<CreatedKey>, AccessError> {
        let now = self.clock().now();
        let mut work = self.begin_with_credentials(&permit).await?;
        let old_key = find_key(&work, id).await?;
        let integration = require_integration(&work, old_key.integration, At::argument(Field::Id)).await?;
        let mut refusals = Refusals::default();
        if old_expires_at > now.plus_seconds(ROLL_OVERLAP_SECONDS) {
            refusals.add(Invalid::RollTooLong.at(At::argument(Field::OldKeyExpiresAt)));
        }
        if old_key.revoked_at.is_some() || old_key.expires_at.is_some_and(|end| end <= now) {
            refusals.add(Refusal::KeyEnded.at(At::argument(Field::Id)));
        }
        let shifted_expiry =
            |end: Timestamp| Timestamp(now.micros().saturating_add(end.micros().saturating_sub(old_key.created_at.micros())));
        let new_key = ApiKey {
            id: self.clock().id(),
            created_at: now,
            last_used_at: None,
            expires_at: old_key.expires_at.map(shifted_expiry),
            ..old_key.clone()
        };
        let scope = new_key.scope.as_ref().unwrap_or(&integration.scope);
        let targets = load_scope_targets(&work, &[&integration.scope, scope]).await?;
        targets.check(scope, At::input(Field::Scope), &mut refusals);
        refusals.move_inputs_to(Field::Id);
        refusals.end(Stage::Reference)?;
        let giver = self.current_permissions(&work, permit.caller()).await?;
        KeyTerms { integration: &integration, places: &targets, codes: &[] }.check_rights(&giver, &new_key, &mut refusals);
        check_room(&work, &integration, now, &mut refusals).await?;
        // The call names only the key, so rejections about its rights or its integration are placed
        // at the key's ID.
        refusals.move_inputs_to(Field::Id);
        refusals.end(Stage::State)?;
        let old_ends_at = old_key.expires_at.map_or(old_expires_at, |end| end.min(old_expires_at));
        let (fields_before, ended_key) = (audit_fields::key(&old_key), ApiKey { expires_at: Some(old_ends_at), ..old_key });
        rows::end_key(&work, &ended_key).await?;
        audit::changed(&mut work, id, Some(&fields_before), Some(&audit_fields::key(&ended_key)), None);
        let (key, secret) = self.add(&work, new_key).await?;
        audit::changed(&mut work, key.id, None, Some(&audit_fields::key(&key)), None);
        let seq = self.end(work, events::API_KEY_ROLLED.of(key.id, 1)).await?;
        Ok(ChangedValue { value: (key, secret), seq })
    }

    /// Ends a key at once.
    pub async fn api_key_revoke(
        &self,
        permit: Permit<kind::ApikeyWrite>,
        id: ApiKeyId,
    ) -> Result<ChangedValue<ApiKey>, AccessError> {
        let mut work = self.begin(&permit).await?;
        let key = find_key(&work, id).await?;
        if key.revoked_at.is_some() {
            return Ok(ChangedValue { value: key, seq: None });
        }
        let fields_before = audit_fields::key(&key);
        let after = ApiKey { revoked_at: Some(self.clock().now()), ..key };
        rows::end_key(&work, &after).await?;
        audit::changed(&mut work, id, Some(&fields_before), Some(&audit_fields::key(&after)), None);
        let seq = self.end(work, events::API_KEY_REVOKED.of(id, 1)).await?;
        Ok(ChangedValue { value: after, seq })
    }

    async fn add(&self, work: &Work, key: ApiKey) -> Result<CreatedKey, Fault> {
        let kind = if rows::is_sandbox(work).await? { Kind::Test } else { Kind::Live };
        let secret = Secret::make(kind, |bytes| self.clock().fill(bytes));
        let key = ApiKey { prefix: secret.prefix().to_owned(), ..key };
        rows::add_key(work, &key, secret.hash()).await?;
        Ok((key, secret))
    }
}

/// The integration, places and permissions that a new key is checked against.
struct KeyTerms<'a> {
    integration: &'a Integration,
    places: &'a ScopeTargets,
    /// The permissions of the key as the input names them.
    codes: &'a [String],
}

impl KeyTerms<'_> {
    /// A key's rights lie within those of its integration, and the caller who creates it or learns
    /// its secret holds all of them.
    fn check_rights(&self, giver: &PermissionSet, key: &ApiKey, refusals: &mut Refusals) {
        let (integration, groups) = (self.integration, &self.places.groups);
        let excess = key.permissions.unwrap_or_default().without(integration.permissions);
        refusals.refuse_permissions(self.codes, excess, |permission| Invalid::BeyondIntegration { permission });
        let scope = key.scope.as_ref().unwrap_or(&integration.scope);
        if !integration.scope.reach(groups).contains(&scope.reach(groups)) {
            refusals.add(Invalid::OutsideIntegration.at(At::input(Field::Scope)));
        }
        let granted = key.permissions.unwrap_or(integration.permissions).and(integration.permissions);
        check_permissions_held(giver, &rights(granted, scope, groups), self.codes, refusals);
        if outlives(giver, key.expires_at) {
            refusals.add(Invalid::Outlives(GrantingChange::Key).at(At::input(Field::ExpiresAt)));
        }
    }
}

/// Whether an integration is in use and has room for one more key.
async fn check_room(work: &Work, integration: &Integration, now: Timestamp, refusals: &mut Refusals) -> Result<(), Fault> {
    if integration.disabled_at.is_some() {
        refusals.add(Refusal::IntegrationDisabled.at(At::input(Field::IntegrationId)));
    }
    let keys = rows::keys_of(work, &[integration.id]).await?;
    refusals.take(check_key_limit(&keys, now).map_err(|refusal| refusal.at(At::INPUT)));
    Ok(())
}

fn check_networks(cidrs: &[String], refusals: &mut Refusals) {
    let at = At::input(Field::AllowedCidrs);
    if cidrs.len() > MAX_CIDRS {
        refusals.add(Refusal::TooMany { what: LimitedObject::Networks, most: MAX_CIDRS }.at(at));
    }
    for (index, _) in cidrs.iter().enumerate().filter(|(_, cidr)| Cidr::parse(cidr).is_none()) {
        refusals.add(Invalid::Network.at(at.nth(index)));
    }
}

/// Refuses permissions that cover more than one channel, if the integration is bound to a channel.
pub(super) fn check_bounds(channel: Option<ChannelId>, permissions: Bits, codes: &[String], refusals: &mut Refusals) {
    if channel.is_some() {
        refusals.refuse_permissions(codes, cross_channel_permissions(permissions), |permission| Invalid::BeyondChannel {
            permission,
        });
    }
}

/// Checks that the channel exists and is in use. It stays so until the transaction ends: archiving
/// a channel takes the same lock before it counts the integrations bound to it.
pub(super) async fn check_channel(work: &Work, channel: Option<ChannelId>, refusals: &mut Refusals) -> Result<(), Fault> {
    let Some(channel) = channel else { return Ok(()) };
    journal::hold(work).await?;
    if !rows::is_channel(work, channel).await? {
        refusals.add(Refusal::NotFound(Noun::Channel).at(At::input(Field::ChannelId)));
    }
    Ok(())
}

fn check_budget(budget: Option<KeyBudget>, refusals: &mut Refusals) {
    let Some(budget) = budget else { return };
    for (points, field) in [(budget.points, Field::Points), (budget.restored_per_second, Field::RestoreRate)] {
        if !(1..=MAX_KEY_POINTS).contains(&points) {
            refusals.add(Invalid::Points { most: MAX_KEY_POINTS }.at(At::budget(field)));
        }
    }
}

async fn require_integration(work: &Work, id: IntegrationId, at: At) -> Result<Integration, AccessError> {
    let integration = rows::integrations_by_id(work, &[id]).await?.pop();
    Ok(integration.ok_or(Refusal::NotFound(Noun::Integration).at(at))?)
}

async fn find_key(work: &Work, id: ApiKeyId) -> Result<ApiKey, AccessError> {
    let key = rows::keys_by_id(work, &[id]).await?.pop();
    Ok(key.ok_or(Refusal::NotFound(Noun::ApiKey).at(At::argument(Field::Id)))?)
}
