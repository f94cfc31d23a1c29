//! Changing an integration. What it gains by the change, its changer must hold; what it loses, its keys lose with it.

use entity::prelude::*;
use platform::audit;

use super::{
    Access, AccessError, Changed, events,
    integrations::{bits, check_bounds, check_channel, found, within},
    members::{check_scope, known_places},
    traced,
};
use crate::access::{
    caller::Permit,
    core::{ApiKey, At, Field, Given, Integration, Invalid, Refusal, Rejection, Scope, check_name, gained, outlives, rights},
    permissions::kind,
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
        let mut work = self.begin(&permit).await?;
        let before = found(&work, id, At::input(Field::Id)).await?;
        if before.version != expected {
            return Err(Refusal::Stale { actual: before.version }.at(At::input(Field::ExpectedVersion)).into());
        }
        let after = self.changed(&before, fields)?;
        check_bounds(after.channel, after.permissions)?;
        // A channel may be archived under one that is disabled: it does not come back to sell there.
        let comes_back = before.disabled_at.is_some() && after.disabled_at.is_none();
        if after.channel != before.channel || comes_back {
            check_channel(&work, after.channel).await?;
        }
        let places = known_places(&work, [&before.scope, &after.scope].into_iter()).await?;
        if after.scope != before.scope {
            places.check(&after.scope, At::input(Field::Scope))?;
        }
        let whole = rights(after.permissions, &after.scope, &places.groups);
        // One that was ended gave nothing, and one that was bound to a channel gave less: whoever lifts that gives all of it.
        let is_unbound = before.channel.is_some() && after.channel != before.channel;
        let is_opened = before.disabled_at.is_some() || is_unbound;
        let had = rights(before.permissions, &before.scope, &places.groups);
        let had = if is_opened { PermissionSet::default() } else { had };
        if after.disabled_at.is_none() {
            let giver = self.held_now(&work, permit.caller()).await?;
            let gained = gained(&had, &whole);
            within(&giver, &gained, At::input(Field::Permissions))?;
            let lives = |key: &ApiKey| key.revoked_at.is_none() && outlives(&giver, key.expires_at);
            if !gained.bits().is_empty() && rows::keys_of(&work, &[id]).await?.iter().any(lives) {
                return Err(Invalid::Outlives(Given::Integration).at(At::input(Field::Permissions)).into());
            }
        }
        if after == before {
            return Ok(Changed { value: before, seq: None });
        }
        let after = Integration { version: before.version + 1, updated_at: self.clock().now(), ..after };
        rows::change_integration(&work, &after).await?;
        audit::changed(&mut work, id, Some(&traced::integration(&before)), Some(&traced::integration(&after)), None);
        let seq = self.end(work, events::INTEGRATION_UPDATED.of(id, after.version)).await?;
        Ok(Changed { value: after, seq })
    }

    fn changed(&self, before: &Integration, fields: IntegrationFields) -> Result<Integration, Rejection> {
        let mut after = before.clone();
        if let Some(name) = fields.name {
            check_name(&name, At::input(Field::Name))?;
            name.trim().clone_into(&mut after.name);
        }
        if let Some(codes) = fields.permissions {
            after.permissions = bits(&codes)?;
        }
        if let Some(scope) = fields.scope {
            check_scope(&scope, At::input(Field::Scope))?;
            after.scope = scope;
        }
        after.channel = fields.channel.unwrap_or(after.channel);
        after.trusted_only = fields.trusted_only.unwrap_or(after.trusted_only);
        after.disabled_at = match fields.enabled {
            None => after.disabled_at,
            Some(true) => None,
            Some(false) => after.disabled_at.or_else(|| Some(self.clock().now())),
        };
        Ok(after)
    }
}
