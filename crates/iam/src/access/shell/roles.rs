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
    reads::{RoleView, default_roles},
    service::{Access, ChangedValue},
};
use crate::access::{
    caller::Permit,
    core::{
        At, Field, GrantingChange, Invalid, LimitedObject, MAX_ROLES, NewRole, Noun, Refusal, Refusals, Rejection, Role, Stage,
        check_role, descendant_roles, inheritance, outlives,
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

fn inheritance_by_role(own_roles: &[Role]) -> HashMap<RoleId, Vec<RoleId>> {
    let defaults = BUILT_IN.iter().map(|role| (role.id, Vec::new()));
    own_roles.iter().map(|role| (role.id, role.inherits.clone())).chain(defaults).collect()
}

fn check_unique_key(own_roles: &[Role], role: RoleId, key: &str, refusals: &mut Refusals) {
    let is_taken =
        own_roles.iter().any(|other| other.id != role && other.key == key) || BUILT_IN.iter().any(|built_in| built_in.key == key);
    if is_taken {
        refusals.add(Refusal::RoleKeyTaken.at(At::input(Field::Key)));
    }
}

/// A role has no stores, so a caller who adds a permission to a role, or removes one, must hold it
/// for all stores.
fn check_held_everywhere(giver: &PermissionSet, granted: Bits, codes: &[String], refusals: &mut Refusals) {
    let not_held = granted.indices().filter(|index| giver.reach(*index) != Reach::Everywhere).collect();
    refusals.refuse_permissions(codes, not_held, |permission| Invalid::NotHeld { permission });
}

impl Access {
    pub async fn role_create(
        &self,
        permit: Permit<kind::RoleWrite>,
        new_role: NewRole,
    ) -> Result<ChangedValue<RoleView>, AccessError> {
        let mut refusals = Refusals::default();
        check_role(Some(&new_role.key), Some(&new_role.name), Some(&new_role.inherits), &mut refusals);
        refusals.end(Stage::Shape)?;
        let permissions = refusals.permissions(&new_role.permissions);
        let mut work = self.begin(&permit).await?;
        let mut own_roles = rows::roles(&work).await?;
        let now = self.clock().now();
        let role = Role {
            id: self.clock().id(),
            key: new_role.key,
            name: new_role.name.trim().to_owned(),
            permissions,
            inherits: new_role.inherits,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let is_sound = inheritance(role.id, &role.inherits, &inheritance_by_role(&own_roles), &mut refusals);
        refusals.end(Stage::Reference)?;
        check_unique_key(&own_roles, role.id, &role.key, &mut refusals);
        if own_roles.len() >= MAX_ROLES {
            refusals.add(Refusal::TooMany { what: LimitedObject::Roles, most: MAX_ROLES }.at(At::INPUT));
        }
        own_roles.push(role.clone());
        // Only chains that may be are compiled.
        let effective = if is_sound { self.gives(&work, &own_roles, role.id).await? } else { permissions };
        check_held_everywhere(
            &self.current_permissions(&work, permit.caller()).await?,
            effective,
            &new_role.permissions,
            &mut refusals,
        );
        refusals.end(Stage::State)?;
        rows::add_role(&work, &role).await?;
        audit::changed(&mut work, role.id, None, Some(&audit_fields::role(&role)), None);
        let event = events::ROLE_CREATED.of(role.id, role.version);
        let seq = self.end(work, event).await?;
        Ok(ChangedValue { value: RoleView { role, is_built_in: false, gives: effective }, seq })
    }

    pub async fn role_update(
        &self,
        permit: Permit<kind::RoleWrite>,
        (id, expected): (RoleId, i64),
        fields: RoleFields,
    ) -> Result<ChangedValue<RoleView>, AccessError> {
        let mut refusals = Refusals::default();
        check_role(fields.key.as_deref(), fields.name.as_deref(), fields.inherits.as_deref(), &mut refusals);
        refusals.end(Stage::Shape)?;
        let permissions = fields.permissions.as_deref().map(|codes| refusals.permissions(codes));
        let mut work = self.begin(&permit).await?;
        let mut own_roles = rows::roles(&work).await?;
        let lookup = find_own_role(&own_roles, id);
        if let Err(rejection) = &lookup {
            refusals.add(rejection.clone());
        }
        let inherits = fields.inherits.as_deref();
        let is_sound = inherits.is_none_or(|inherits| inheritance(id, inherits, &inheritance_by_role(&own_roles), &mut refusals));
        refusals.end(if lookup.is_ok() { Stage::Reference } else { Stage::State })?;
        let position = lookup?;
        let before = own_roles[position].clone();
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
        check_unique_key(&own_roles, id, &role.key, &mut refusals);
        let effective_before = self.gives(&work, &own_roles, id).await?;
        own_roles[position] = role.clone();
        let effective =
            if is_sound { self.gives(&work, &own_roles, id).await? } else { union_of(effective_before, role.permissions) };
        let giver = self.current_permissions(&work, permit.caller()).await?;
        let gained = effective.without(effective_before);
        let changed_permissions = union_of(gained, effective_before.without(effective));
        check_held_everywhere(&giver, changed_permissions, fields.permissions.as_deref().unwrap_or_default(), &mut refusals);
        if !gained.is_empty()
            && outlives(&giver, None)
            && has_holders(&work, &descendant_roles(id, &inheritance_by_role(&own_roles))).await?
        {
            refusals.add(Invalid::Outlives(GrantingChange::Role).at(At::input(Field::Permissions)));
        }
        refusals.end(Stage::State)?;
        rows::change_role(&work, &role).await?;
        audit::changed(&mut work, role.id, Some(&audit_fields::role(&before)), Some(&audit_fields::role(&role)), None);
        let event = events::ROLE_UPDATED.of(role.id, role.version);
        let seq = self.end(work, event).await?;
        Ok(ChangedValue { value: RoleView { role, is_built_in: false, gives: effective }, seq })
    }

    /// Deletes a role that no member has and no other role inherits.
    pub async fn role_delete(
        &self,
        permit: Permit<kind::RoleWrite>,
        id: RoleId,
        expected: i64,
    ) -> Result<ChangedValue<RoleView>, AccessError> {
        let mut work = self.begin(&permit).await?;
        let own_roles = rows::roles(&work).await?;
        let position = find_own_role(&own_roles, id)?;
        let (mut refusals, at) = (Refusals::default(), At::input(Field::Id));
        refusals.version(own_roles[position].version, expected);
        if let Some(inheriting_role) = own_roles.iter().find(|role| role.inherits.contains(&id)) {
            refusals.add(Refusal::Inherited { by: inheriting_role.key.clone() }.at(at));
        }
        let members = rows::count_role_holders(&work, id).await?;
        if members > 0 {
            refusals.add(Refusal::HeldBy { members }.at(at));
        }
        refusals.end(Stage::State)?;
        let effective = self.gives(&work, &own_roles, id).await?;
        rows::remove_role(&work, id).await?;
        let role = own_roles[position].clone();
        audit::changed(&mut work, id, Some(&audit_fields::role(&role)), None, None);
        let seq = self.end(work, events::ROLE_DELETED.of(id, role.version)).await?;
        Ok(ChangedValue { value: RoleView { role, is_built_in: false, gives: effective }, seq })
    }

    async fn gives(&self, work: &Work, own_roles: &[Role], id: RoleId) -> Result<Bits, Fault> {
        Ok(self.compile_roles(work, own_roles).await?.get(&id).copied().unwrap_or_default())
    }

    /// The roles that can be granted, with their permissions.
    pub(super) async fn grantable_roles(&self, reads: &impl Reads) -> Result<HashMap<RoleId, Bits>, Fault> {
        let own_roles = rows::roles(reads).await?;
        let permissions_by_role = self.compile_roles(reads, &own_roles).await?;
        let ids = own_roles.iter().map(|role| role.id).chain(default_roles(&permissions_by_role).map(|role| role.id));
        Ok(ids.map(|id| (id, permissions_by_role.get(&id).copied().unwrap_or_default())).collect())
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

fn union_of(mut bits: Bits, other: Bits) -> Bits {
    bits.join(other);
    bits
}

fn find_own_role(own_roles: &[Role], id: RoleId) -> Result<usize, Rejection> {
    own_roles.iter().position(|role| role.id == id).ok_or_else(|| {
        let built_in = BUILT_IN.iter().find(|default_role| default_role.id == id);
        let refusal = built_in.map_or(Refusal::NotFound(Noun::Role), |default_role| Refusal::BuiltIn { key: default_role.key });
        refusal.at(At::input(Field::Id))
    })
}
