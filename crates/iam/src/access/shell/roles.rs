//! Making, changing and removing roles.

use std::collections::HashMap;

use entity::prelude::*;
use platform::{
    audit,
    storage::{Fault, Reads, Work},
};

use super::{
    audit_fields,
    error::AccessError,
    reads::{RoleView, defaults},
    service::{Access, Changed},
};
use crate::access::{
    caller::Permit,
    core::{
        At, Counted, Field, Given, Invalid, MAX_ROLES, NewRole, Noun, Refusal, Refusals, Rejection, Role, Stage, check_role,
        descendant_roles, inheritance, outlives,
    },
    events,
    permissions::{Bits, kind},
    policy::BUILT_IN,
    rows,
    set::{PermissionSet, Reach},
};

/// Changes to a role; a field that is None stays.
#[derive(Debug, Clone, Default)]
pub struct RoleFields {
    pub key: Option<String>,
    pub name: Option<String>,
    pub permissions: Option<Vec<String>>,
    pub inherits: Option<Vec<RoleId>>,
}

fn known(own: &[Role]) -> HashMap<RoleId, Vec<RoleId>> {
    let defaults = BUILT_IN.iter().map(|role| (role.id, Vec::new()));
    own.iter().map(|role| (role.id, role.inherits.clone())).chain(defaults).collect()
}

fn check_unique_key(own: &[Role], role: RoleId, key: &str, refusals: &mut Refusals) {
    let taken = own.iter().any(|other| other.id != role && other.key == key) || BUILT_IN.iter().any(|known| known.key == key);
    if taken {
        refusals.add(Refusal::RoleKeyTaken.at(At::input(Field::Key)));
    }
}

/// A role has no stores, so a caller who adds a permission to a role, or removes one, must hold it
/// for all stores.
fn within(giver: &PermissionSet, given: Bits, codes: &[String], refusals: &mut Refusals) {
    let beyond = given.indices().filter(|index| giver.reach(*index) != Reach::Everywhere).collect();
    refusals.beyond(codes, beyond, |permission| Invalid::NotHeld { permission });
}

impl Access {
    pub async fn role_create(&self, permit: Permit<kind::RoleWrite>, new: NewRole) -> Result<Changed<RoleView>, AccessError> {
        let mut refusals = Refusals::default();
        check_role(Some(&new.key), Some(&new.name), Some(&new.inherits), &mut refusals);
        refusals.end(Stage::Shape)?;
        let permissions = refusals.permissions(&new.permissions);
        let mut work = self.begin(&permit).await?;
        let mut own = rows::roles(&work).await?;
        let now = self.clock().now();
        let role = Role {
            id: self.clock().id(),
            key: new.key,
            name: new.name.trim().to_owned(),
            permissions,
            inherits: new.inherits,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let is_sound = inheritance(role.id, &role.inherits, &known(&own), &mut refusals);
        refusals.end(Stage::Reference)?;
        check_unique_key(&own, role.id, &role.key, &mut refusals);
        if own.len() >= MAX_ROLES {
            refusals.add(Refusal::TooMany { what: Counted::Roles, most: MAX_ROLES }.at(At::INPUT));
        }
        own.push(role.clone());
        // Only chains that may be are compiled.
        let gives = if is_sound { self.gives(&work, &own, role.id).await? } else { permissions };
        within(&self.current_permissions(&work, permit.caller()).await?, gives, &new.permissions, &mut refusals);
        refusals.end(Stage::State)?;
        rows::add_role(&work, &role).await?;
        audit::changed(&mut work, role.id, None, Some(&audit_fields::role(&role)), None);
        let event = events::ROLE_CREATED.of(role.id, role.version);
        let seq = self.end(work, event).await?;
        Ok(Changed { value: RoleView { role, is_built_in: false, gives }, seq })
    }

    pub async fn role_update(
        &self,
        permit: Permit<kind::RoleWrite>,
        (id, expected): (RoleId, i64),
        fields: RoleFields,
    ) -> Result<Changed<RoleView>, AccessError> {
        let mut refusals = Refusals::default();
        check_role(fields.key.as_deref(), fields.name.as_deref(), fields.inherits.as_deref(), &mut refusals);
        refusals.end(Stage::Shape)?;
        let permissions = fields.permissions.as_deref().map(|codes| refusals.permissions(codes));
        let mut work = self.begin(&permit).await?;
        let mut own = rows::roles(&work).await?;
        let found = find_own(&own, id);
        if let Err(rejection) = &found {
            refusals.add(rejection.clone());
        }
        let inherits = fields.inherits.as_deref();
        let is_sound = inherits.is_none_or(|inherits| inheritance(id, inherits, &known(&own), &mut refusals));
        refusals.end(if found.is_ok() { Stage::Reference } else { Stage::State })?;
        let place = found?;
        let before = own[place].clone();
        refusals.version(before.version, expected);
        let role = Role {
            id,
            key: fields.key.unwrap_or_else(|| before.key.clone()),
            name: fields.name.map_or_else(|| before.name.clone(), |name| name.trim().to_owned()),
            permissions: permissions.unwrap_or(before.permissions),
            inherits: fields.inherits.unwrap_or_else(|| before.inherits.clone()),
            version: before.version + 1,
            created_at: before.created_at,
            updated_at: self.clock().now(),
        };
        check_unique_key(&own, id, &role.key, &mut refusals);
        let gave = self.gives(&work, &own, id).await?;
        own[place] = role.clone();
        let gives = if is_sound { self.gives(&work, &own, id).await? } else { union_of(gave, role.permissions) };
        let giver = self.current_permissions(&work, permit.caller()).await?;
        let gained = gives.without(gave);
        let moved = union_of(gained, gave.without(gives));
        within(&giver, moved, fields.permissions.as_deref().unwrap_or_default(), &mut refusals);
        if !gained.is_empty() && outlives(&giver, None) && has_holders(&work, &descendant_roles(id, &known(&own))).await? {
            refusals.add(Invalid::Outlives(Given::Role).at(At::input(Field::Permissions)));
        }
        refusals.end(Stage::State)?;
        rows::change_role(&work, &role).await?;
        audit::changed(&mut work, role.id, Some(&audit_fields::role(&before)), Some(&audit_fields::role(&role)), None);
        let event = events::ROLE_UPDATED.of(role.id, role.version);
        let seq = self.end(work, event).await?;
        Ok(Changed { value: RoleView { role, is_built_in: false, gives }, seq })
    }

    /// Deletes a role that no member has and no other role inherits.
    pub async fn role_delete(
        &self,
        permit: Permit<kind::RoleWrite>,
        id: RoleId,
        expected: i64,
    ) -> Result<Changed<RoleView>, AccessError> {
        let mut work = self.begin(&permit).await?;
        let own = rows::roles(&work).await?;
        let place = find_own(&own, id)?;
        let (mut refusals, at) = (Refusals::default(), At::input(Field::Id));
        refusals.version(own[place].version, expected);
        if let Some(heir) = own.iter().find(|role| role.inherits.contains(&id)) {
            refusals.add(Refusal::Inherited { by: heir.key.clone() }.at(at));
        }
        let members = rows::count_role_holders(&work, id).await?;
        if members > 0 {
            refusals.add(Refusal::HeldBy { members }.at(at));
        }
        refusals.end(Stage::State)?;
        let gives = self.gives(&work, &own, id).await?;
        rows::remove_role(&work, id).await?;
        let role = own[place].clone();
        audit::changed(&mut work, id, Some(&audit_fields::role(&role)), None, None);
        let seq = self.end(work, events::ROLE_DELETED.of(id, role.version)).await?;
        Ok(Changed { value: RoleView { role, is_built_in: false, gives }, seq })
    }

    async fn gives(&self, work: &Work, own: &[Role], id: RoleId) -> Result<Bits, Fault> {
        Ok(self.compiled(work, own).await?.get(&id).copied().unwrap_or_default())
    }

    /// The roles that can be granted, with their permissions.
    pub(super) async fn grantable_roles(&self, reads: &impl Reads) -> Result<HashMap<RoleId, Bits>, Fault> {
        let own = rows::roles(reads).await?;
        let gives = self.compiled(reads, &own).await?;
        let ids = own.iter().map(|role| role.id).chain(defaults(&gives).map(|role| role.id));
        Ok(ids.map(|id| (id, gives.get(&id).copied().unwrap_or_default())).collect())
    }
}

/// Whether any member has one of the roles.
async fn has_holders(work: &Work, roles: &[RoleId]) -> Result<bool, Fault> {
    for role in roles {
        if rows::count_role_holders(work, *role).await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

fn union_of(mut bits: Bits, more: Bits) -> Bits {
    bits.join(more);
    bits
}

fn find_own(own: &[Role], id: RoleId) -> Result<usize, Rejection> {
    own.iter().position(|role| role.id == id).ok_or_else(|| {
        let built_in = BUILT_IN.iter().find(|known| known.id == id);
        let why = built_in.map_or(Refusal::NotFound(Noun::Role), |known| Refusal::BuiltIn { key: known.key });
        why.at(At::input(Field::Id))
    })
}
