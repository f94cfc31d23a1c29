//! Changing an integration. What it gains by the change, its changer must hold; what it loses, its keys lose with it.

use entity::prelude::*;
use platform::{
    audit,
    storage::{Fault, Work},
};

use super::{
    Access, AccessError, Changed, events,
    integrations::{check_bounds, check_channel, within},
    members::{ScopeTargets, check_scope, known_places},
    traced,
};
use crate::access::{
    caller::Permit,
    core::{
        ApiKey, At, Field, Given, Integration, Invalid, Noun, Refusal, Refusals, Scope, Stage, check_name, gained, outlives,
        rights,
    },
    permissions::{Bits, kind},
    rows,
    set::PermissionSet,
};

/// What of an integration is to be changed: what is None stays.
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
    ) -> Result<Changed<Integration>, AccessError> {
        let mut refusals = Refusals::default();
        refusals.take(fields.name.as_deref().map_or(Ok(()), |name| check_name(name, At::input(Field::Name))));
        refusals.take(fields.scope.as_ref().map_or(Ok(()), |scope| check_scope(scope, At::input(Field::Scope))));
        refusals.end(Stage::Shape)?;
        let permissions = fields.permissions.as_deref().map(|codes| refusals.permissions(codes));
        let mut work = self.begin(&permit).await?;
        let missing = || Refusal::NotFound(Noun::Integration).at(At::input(Field::Id));
        let found = rows::integrations_by_id(&work, &[id]).await?.pop();
        if found.is_none() {
            refusals.add(missing());
        }
        let places = check_named(&work, found.as_ref(), &fields, &mut refusals).await?;
        refusals.end(Stage::Reference)?;
        let before = found.ok_or_else(missing)?;
        let codes = fields.permissions.clone().unwrap_or_default();
        let after = self.changed(&before, permissions, fields);
        check_bounds(after.channel, after.permissions, &codes, &mut refusals);
        if after.disabled_at.is_none() {
            let giver = self.held_now(&work, permit.caller()).await?;
            let gained = gain(&before, &after, &places);
            within(&giver, &gained, &codes, &mut refusals);
            let lives = |key: &ApiKey| key.revoked_at.is_none() && outlives(&giver, key.expires_at);
            if !gained.bits().is_empty() && rows::keys_of(&work, &[id]).await?.iter().any(lives) {
                refusals.add(Invalid::Outlives(Given::Integration).at(At::input(Field::Permissions)));
            }
        }
        refusals.version(before.version, expected);
        refusals.end(Stage::State)?;
        if after == before {
            return Ok(Changed { value: before, seq: None });
        }
        let after = Integration { version: before.version + 1, updated_at: self.clock().now(), ..after };
        rows::change_integration(&work, &after).await?;
        audit::changed(&mut work, id, Some(&traced::integration(&before)), Some(&traced::integration(&after)), None);
        let seq = self.end(work, events::INTEGRATION_UPDATED.of(id, after.version)).await?;
        Ok(Changed { value: after, seq })
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

/// Refuses the channel and the places that are not there, of those that the change names.
async fn check_named(
    work: &Work,
    before: Option<&Integration>,
    fields: &IntegrationFields,
    refusals: &mut Refusals,
) -> Result<ScopeTargets, Fault> {
    let channel = fields.channel.unwrap_or_else(|| before.and_then(|before| before.channel));
    // A channel may be archived under one that is disabled: it does not come back to sell there.
    let comes_back = fields.enabled == Some(true) && before.is_some_and(|before| before.disabled_at.is_some());
    if comes_back || before.is_none_or(|before| before.channel != channel) {
        check_channel(work, channel, refusals).await?;
    }
    let scopes: Vec<&Scope> = before.into_iter().map(|before| &before.scope).chain(&fields.scope).collect();
    let places = known_places(work, &scopes).await?;
    if let Some(scope) = fields.scope.as_ref().filter(|scope| before.is_none_or(|before| before.scope != **scope)) {
        places.check(scope, At::input(Field::Scope), refusals);
    }
    Ok(places)
}

/// What an integration gives after a change and did not give before.
fn gain(before: &Integration, after: &Integration, places: &ScopeTargets) -> PermissionSet {
    // One that was ended gave nothing, and one that was bound to a channel gave less: whoever lifts that gives all of it.
    let is_unbound = before.channel.is_some() && after.channel != before.channel;
    let is_opened = before.disabled_at.is_some() || is_unbound;
    let had = rights(before.permissions, &before.scope, &places.groups);
    let had = if is_opened { PermissionSet::default() } else { had };
    gained(&had, &rights(after.permissions, &after.scope, &places.groups))
}
