//! Changes of an integration. The caller must hold every permission that the integration gains; its
//! keys lose what it loses.

use entity::prelude::*;
use platform::{
    audit,
    storage::{Fault, Work},
};

use super::{
    audit_fields,
    error::AccessError,
    integrations::{check_bounds, check_channel, check_permissions_held},
    members::{ScopeTargets, check_scope, load_scope_targets},
    service::{Access, ChangedValue},
};
use crate::access::{
    caller::Permit,
    core::{
        ApiKey, At, Field, GrantingChange, Integration, Invalid, Noun, Refusal, Refusals, Scope, Stage, added_permissions,
        check_name, outlives, rights,
    },
    events,
    permissions::{Bits, kind},
    rows,
    set::PermissionSet,
};

/// Changes to an integration; a field that is None stays.
#[derive(Debug, Clone, Default)]
pub struct IntegrationFields {
    pub name: Option<String>,
    /// Some(None) unbinds it.
    pub channel: Option<Option<ChannelId>>,
    pub permissions: Option<Vec<String>>,
    pub scope: Option<Scope>,
    pub trusted_only: Option<bool>,
    pub enabled: Option<bool>,
}

impl Access {
    pub async fn integration_update(
        &self,
        permit: Permit<kind::ApikeyWrite>,
        (id, expected): (IntegrationId, i64),
        fields: IntegrationFields,
    ) -> Result<ChangedValue<Integration>, AccessError> {
        let mut refusals = Refusals::default();
        refusals.take(fields.name.as_deref().map_or(Ok(()), |name| check_name(name, At::input(Field::Name))));
        refusals.take(fields.scope.as_ref().map_or(Ok(()), |scope| check_scope(scope, At::input(Field::Scope))));
        refusals.end(Stage::Shape)?;
        let permissions = fields.permissions.as_deref().map(|codes| refusals.permissions(codes));
        let mut work = self.begin(&permit).await?;
        let missing = || Refusal::NotFound(Noun::Integration).at(At::input(Field::Id));
        let existing = rows::integrations_by_id(&work, &[id]).await?.pop();
        if existing.is_none() {
            refusals.add(missing());
        }
        let targets = check_references(&work, existing.as_ref(), &fields, &mut refusals).await?;
        refusals.end(Stage::Reference)?;
        let before = existing.ok_or_else(missing)?;
        let codes = fields.permissions.clone().unwrap_or_default();
        let after = self.changed(&before, permissions, fields);
        check_bounds(after.channel, after.permissions, &codes, &mut refusals);
        if after.disabled_at.is_none() {
            let giver = self.current_permissions(&work, permit.caller()).await?;
            let added = added_rights(&before, &after, &targets);
            check_permissions_held(&giver, &added, &codes, &mut refusals);
            let is_outliving = |key: &ApiKey| key.revoked_at.is_none() && outlives(&giver, key.expires_at);
            if !added.bits().is_empty() && rows::keys_of(&work, &[id]).await?.iter().any(is_outliving) {
                refusals.add(Invalid::Outlives(GrantingChange::Integration).at(At::input(Field::Permissions)));
            }
        }
        refusals.version(before.version, expected);
        refusals.end(Stage::State)?;
        if after == before {
            return Ok(ChangedValue { value: before, seq: None });
        }
        let after = Integration { version: before.version + 1, updated_at: self.clock().now(), ..after };
        rows::change_integration(&work, &after).await?;
        audit::changed(&mut work, id, Some(&audit_fields::integration(&before)), Some(&audit_fields::integration(&after)), None);
        let seq = self.end(work, events::INTEGRATION_UPDATED.of(id, after.version)).await?;
        Ok(ChangedValue { value: after, seq })
    }

    fn changed(&self, before: &Integration, permissions: Option<Bits>, fields: IntegrationFields) -> Integration {
        Integration {
            name: fields.name.map_or_else(|| before.name.clone(), |name| name.trim().to_owned()),
            channel: fields.channel.unwrap_or(before.channel),
            permissions: permissions.unwrap_or(before.permissions),
            scope: fields.scope.unwrap_or_else(|| before.scope.clone()),
            trusted_only: fields.trusted_only.unwrap_or(before.trusted_only),
            disabled_at: match fields.enabled {
                None => before.disabled_at,
                Some(true) => None,
                Some(false) => before.disabled_at.or_else(|| Some(self.clock().now())),
            },
            ..before.clone()
        }
    }
}

/// Refuses a missing channel, and missing stores and groups, that the change names.
async fn check_references(
    work: &Work,
    before: Option<&Integration>,
    fields: &IntegrationFields,
    refusals: &mut Refusals,
) -> Result<ScopeTargets, Fault> {
    let channel = fields.channel.unwrap_or_else(|| before.and_then(|before| before.channel));
    // The channel of a disabled integration may be archived: then the integration cannot be enabled
    // for it again.
    let is_reenabled = fields.enabled == Some(true) && before.is_some_and(|before| before.disabled_at.is_some());
    if is_reenabled || before.is_none_or(|before| before.channel != channel) {
        check_channel(work, channel, refusals).await?;
    }
    let scopes: Vec<&Scope> = before.into_iter().map(|before| &before.scope).chain(&fields.scope).collect();
    let targets = load_scope_targets(work, &scopes).await?;
    if let Some(scope) = fields.scope.as_ref().filter(|scope| before.is_none_or(|before| before.scope != **scope)) {
        targets.check(scope, At::input(Field::Scope), refusals);
    }
    Ok(targets)
}

/// Returns the permissions that a change adds to an integration.
fn added_rights(before: &Integration, after: &Integration, targets: &ScopeTargets) -> PermissionSet {
    // A disabled integration had no rights, and one bound to a channel had fewer: enabling or
    // unbinding it counts as giving all of them.
    let is_unbound = before.channel.is_some() && after.channel != before.channel;
    let is_opened = before.disabled_at.is_some() || is_unbound;
    let rights_before = rights(before.permissions, &before.scope, &targets.groups);
    let rights_before = if is_opened { PermissionSet::default() } else { rights_before };
    added_permissions(&rights_before, &rights(after.permissions, &after.scope, &targets.groups))
}
