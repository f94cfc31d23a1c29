//! Making, changing and removing roles.

use std::collections::HashMap;

use entity::prelude::*;
use platform::{
    audit,
    storage::{Fault, Reads, Work},
};

use super::{Access, AccessError, Changed, RoleView, events, reads::defaults, traced};
use crate::access::{
    caller::Permit,
    core::{
        At, Counted, Field, Given, Invalid, MAX_ROLES, NewRole, Noun, Refusal, Rejection, Role, check_role, heirs, inheritance,
        outlives,
    },
    permissions::{Bits, REGISTRY, kind},
    policy::BUILT_IN,
    rows,
    set::{PermissionSet, Reach},
};

/// What of a role is to be changed: what is None stays.
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

fn unique(own: &[Role], role: RoleId, key: &str) -> Result<(), Rejection> {
    let taken = own.iter().any(|other| other.id != role && other.key == key) || BUILT_IN.iter().any(|known| known.key == key);
    if taken {
        return Err(Refusal::RoleKeyTaken.at(At::input(Field::Key)));
    }
    Ok(())
}

/// A role says nothing of stores, so whoever puts a permission into one, or takes it out, must hold it for all of them.
fn within(giver: &PermissionSet, given: Bits) -> Result<(), Rejection> {
    match given.indices().find(|index| giver.reach(*index) != Reach::Everywhere) {
        None => Ok(()),
        Some(index) => Err(Invalid::NotHeld { permission: REGISTRY[index].code }.at(At::input(Field::Permissions))),
    }
}

impl Access {
    pub async fn role_create(&self, permit: Permit<kind::RoleWrite>, new: NewRole) -> Result<Changed<RoleView>, AccessError> {
        let permissions = check_role(&new).map_err(AccessError::Refused)?;
        let mut work = self.begin(&permit).await?;
        let mut own = rows::roles(&work).await?;
        if own.len() >= MAX_ROLES {
            return Err(Refusal::TooMany { what: Counted::Roles, most: MAX_ROLES }.at(At::INPUT).into());
        }
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
        unique(&own, role.id, &role.key)?;
        inheritance(role.id, &role.inherits, &known(&own))?;
        own.push(role.clone());
        let gives = self.gives(&work, &own, role.id).await?;
        within(&self.held_now(&work, permit.caller()).await?, gives)?;
        rows::add_role(&work, &role).await?;
        audit::changed(&mut work, role.id, None, Some(&traced::role(&role)), None);
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
        let mut work = self.begin(&permit).await?;
        let mut own = rows::roles(&work).await?;
        let place = find_own(&own, id, expected)?;
        let before = own[place].clone();
        let traced_before = traced::role(&before);
        let codes = |bits: Bits| bits.infos().map(|info| info.code.to_owned()).collect();
        let wanted = NewRole {
            key: fields.key.unwrap_or_else(|| before.key.clone()),
            name: fields.name.unwrap_or_else(|| before.name.clone()),
            permissions: fields.permissions.unwrap_or_else(|| codes(before.permissions)),
            inherits: fields.inherits.unwrap_or_else(|| before.inherits.clone()),
        };
        let permissions = check_role(&wanted).map_err(AccessError::Refused)?;
        unique(&own, id, &wanted.key)?;
        inheritance(id, &wanted.inherits, &known(&own))?;
        let gave = self.gives(&work, &own, id).await?;
        let role = Role {
            key: wanted.key,
            name: wanted.name.trim().to_owned(),
            permissions,
            inherits: wanted.inherits,
            version: before.version + 1,
            updated_at: self.clock().now(),
            ..before
        };
        own[place] = role.clone();
        let gives = self.gives(&work, &own, id).await?;
        let giver = self.held_now(&work, permit.caller()).await?;
        let gained = gives.without(gave);
        within(&giver, gained)?;
        within(&giver, gave.without(gives))?;
        if !gained.is_empty() && outlives(&giver, None) && had(&work, &heirs(id, &known(&own))).await? {
            return Err(Invalid::Outlives(Given::Role).at(At::input(Field::Permissions)).into());
        }
        rows::change_role(&work, &role).await?;
        audit::changed(&mut work, role.id, Some(&traced_before), Some(&traced::role(&role)), None);
        let event = events::ROLE_UPDATED.of(role.id, role.version);
        let seq = self.end(work, event).await?;
        Ok(Changed { value: RoleView { role, is_built_in: false, gives }, seq })
    }

    /// Removes a role that nobody has and no other inherits.
    pub async fn role_delete(
        &self,
        permit: Permit<kind::RoleWrite>,
        id: RoleId,
        expected: i64,
    ) -> Result<Changed<RoleView>, AccessError> {
        let mut work = self.begin(&permit).await?;
        let own = rows::roles(&work).await?;
        let place = find_own(&own, id, expected)?;
        let at = At::input(Field::Id);
        if let Some(heir) = own.iter().find(|role| role.inherits.contains(&id)) {
            return Err(Refusal::Inherited { by: heir.key.clone() }.at(at).into());
        }
        let members = rows::holders(&work, id).await?;
        if members > 0 {
            return Err(Refusal::HeldBy { members }.at(at).into());
        }
        let gives = self.gives(&work, &own, id).await?;
        rows::remove_role(&work, id).await?;
        let role = own[place].clone();
        audit::changed(&mut work, id, Some(&traced::role(&role)), None, None);
        let seq = self.end(work, events::ROLE_DELETED.of(id, role.version)).await?;
        Ok(Changed { value: RoleView { role, is_built_in: false, gives }, seq })
    }

    async fn gives(&self, work: &Work, own: &[Role], id: RoleId) -> Result<Bits, Fault> {
        Ok(self.compiled(work, own).await?.get(&id).copied().unwrap_or_default())
    }

    /// The roles that can be granted, with what they give.
    pub(super) async fn grantable(&self, reads: &impl Reads) -> Result<HashMap<RoleId, Bits>, Fault> {
        let own = rows::roles(reads).await?;
        let gives = self.compiled(reads, &own).await?;
        let ids = own.iter().map(|role| role.id).chain(defaults(&gives).map(|role| role.id));
        Ok(ids.map(|id| (id, gives.get(&id).copied().unwrap_or_default())).collect())
    }
}

/// Whether somebody has one of the roles.
async fn had(work: &Work, roles: &[RoleId]) -> Result<bool, Fault> {
    for role in roles {
        if rows::holders(work, *role).await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

fn find_own(own: &[Role], id: RoleId, expected: i64) -> Result<usize, Rejection> {
    let Some(place) = own.iter().position(|role| role.id == id) else {
        let built_in = BUILT_IN.iter().find(|known| known.id == id);
        let why = built_in.map_or(Refusal::NotFound(Noun::Role), |known| Refusal::BuiltIn { key: known.key });
        return Err(why.at(At::input(Field::Id)));
    };
    let actual = own[place].version;
    if actual != expected {
        return Err(Refusal::Stale { actual }.at(At::input(Field::ExpectedVersion)));
    }
    Ok(place)
}
