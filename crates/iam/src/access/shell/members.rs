//! Granting roles to members.

use std::collections::HashMap;

use entity::prelude::*;
use platform::{
    audit,
    storage::{Fault, Reads, Work},
};

use super::{Access, AccessError, Changed, events, traced};
use crate::access::{
    caller::Permit,
    core::{At, Counted, Field, Given, Grant, Groups, Invalid, MAX_GRANTS, Noun, Refusal, Rejection, Scope, may_give, outlives},
    permissions::{Permission, kind},
    rows,
};

/// Places that a scope names at most.
const MAX_PLACES: usize = 1_000;

impl Access {
    /// Puts these grants in the place of all that a member has. What is added, and what is taken away, must be within the caller's own rights.
    pub async fn member_update_roles(
        &self,
        permit: Permit<kind::MemberWrite>,
        (member, expected): (MemberId, i64),
        grants: Vec<Grant>,
    ) -> Result<Changed<MemberId>, AccessError> {
        let now = self.clock().now();
        check(&grants, now, UPDATE)?;
        let mut work = self.begin(&permit).await?;
        let Some(actual) = rows::find_member(&work, member).await? else {
            return Err(Refusal::NotFound(Noun::Member).at(At::input(Field::MemberId)).into());
        };
        if actual != expected {
            return Err(Refusal::Stale { actual }.at(At::input(Field::ExpectedVersion)).into());
        }
        // What has ended gives nothing: it can go without being held, and does.
        let mut before = rows::grants_of(&work, member).await?;
        before.retain(|grant| grant.expires_at.is_none_or(|end| end > now));
        let giver = self.held_now(&work, permit.caller()).await?;
        if !giver.holds(kind::MemberWrite::INDEX) {
            return Err(AccessError::Denied(crate::access::Denied(kind::MemberWrite::info().code)));
        }
        self.may_change(&work, &giver, (&before, &grants), UPDATE).await?;
        rows::replace_grants(&work, member, &grants).await?;
        rows::touch_member(&work, member, now).await?;
        if !rows::has_lasting_owner(&work).await? {
            return Err(Refusal::LastOwner.at(At::input(Field::Grants)).into());
        }
        audit::changed(&mut work, member, Some(&traced::grants(&before)), Some(&traced::grants(&grants)), None);
        let seq = self.end(work, events::MEMBER_UPDATED.of(member, actual + 1)).await?;
        Ok(Changed { value: member, seq })
    }

    pub(super) async fn may_change(
        &self,
        work: &Work,
        giver: &crate::access::PermissionSet,
        (before, after): (&[Grant], &[Grant]),
        names: GrantFields,
    ) -> Result<(), AccessError> {
        let roles = self.grantable(work).await?;
        let places = known_places(work, before.iter().chain(after).map(|grant| &grant.scope)).await?;
        for (index, grant) in after.iter().enumerate() {
            let at = |field: Field| (names.at)(index, field);
            if !roles.contains_key(&grant.role) {
                return Err(Refusal::NotFound(Noun::Role).at(at(Field::RoleId)).into());
            }
            places.check(&grant.scope, at(Field::Scope))?;
            if before.contains(grant) {
                continue;
            }
            if let Err(permission) = may_give(giver, grant, &roles, &places.groups) {
                return Err(Invalid::NotHeld { permission: permission.code }.at(at(Field::RoleId)).into());
            }
            if outlives(giver, grant.expires_at) {
                return Err(Invalid::Outlives(Given::Grant).at(at(Field::ExpiresAt)).into());
            }
        }
        for grant in before.iter().filter(|grant| !after.contains(grant)) {
            if let Err(permission) = may_give(giver, grant, &roles, &places.groups) {
                return Err(Invalid::NotHeld { permission: permission.code }.at(names.all).into());
            }
        }
        Ok(())
    }
}

/// Where the fields of grants stand in what was asked for.
#[derive(Clone, Copy)]
pub(super) struct GrantFields {
    pub all: At,
    /// A field of the grant at this place.
    pub at: fn(usize, Field) -> At,
}

const UPDATE: GrantFields = GrantFields { all: At::input(Field::Grants), at: At::grant };

pub(super) fn check(grants: &[Grant], now: Timestamp, names: GrantFields) -> Result<(), Rejection> {
    if grants.len() > MAX_GRANTS {
        return Err(Refusal::TooMany { what: Counted::Grants, most: MAX_GRANTS }.at(names.all));
    }
    for (index, grant) in grants.iter().enumerate() {
        if grant.expires_at.is_some_and(|end| end <= now) {
            return Err(Invalid::Past.at((names.at)(index, Field::ExpiresAt)));
        }
        if grants[..index].contains(grant) {
            return Err(Refusal::GrantTwice.at((names.at)(index, Field::RoleId)));
        }
        check_scope(&grant.scope, (names.at)(index, Field::Scope))?;
    }
    Ok(())
}

/// A scope that names something, and not too much.
pub(super) fn check_scope(scope: &Scope, at: At) -> Result<(), Rejection> {
    let places = match scope {
        Scope::All => return Ok(()),
        Scope::Groups(groups) => groups.len(),
        Scope::Stores(stores) => stores.len(),
    };
    match places {
        0 => Err(Invalid::NoPlace.at(at)),
        1..=MAX_PLACES => Ok(()),
        _ => Err(Refusal::TooMany { what: Counted::Places, most: MAX_PLACES }.at(at)),
    }
}

/// The groups and stores that exist of those that scopes name.
pub(super) struct ScopeTargets {
    pub groups: Groups,
    archived: HashMap<GroupId, Timestamp>,
    stores: Vec<StoreId>,
}

pub(super) async fn known_places<'a>(reads: &impl Reads, scopes: impl Iterator<Item = &'a Scope>) -> Result<ScopeTargets, Fault> {
    let (mut groups, mut stores) = (Vec::new(), Vec::new());
    for scope in scopes {
        groups.extend_from_slice(scope.groups());
        stores.extend_from_slice(scope.stores());
    }
    let archived = rows::archived_groups(reads, &groups).await?;
    let stores = rows::known_stores(reads, &stores).await?;
    Ok(ScopeTargets { groups: rows::members_of(reads, &groups).await?, archived, stores })
}

impl ScopeTargets {
    /// Whether all that a scope names exists and is in use.
    pub fn check(&self, scope: &Scope, at: At) -> Result<(), Rejection> {
        if let Some(index) = scope.groups().iter().position(|group| !self.groups.contains_key(group)) {
            return Err(Refusal::NotFound(Noun::StoreGroup).at(at.place(Field::GroupIds, index)));
        }
        let archived = |group: &GroupId| self.archived.get(group).copied();
        let since = scope.groups().iter().enumerate().find_map(|(index, group)| Some((index, archived(group)?)));
        if let Some((index, since)) = since {
            return Err(Refusal::GroupArchived { since }.at(at.place(Field::GroupIds, index)));
        }
        if let Some(index) = scope.stores().iter().position(|store| !self.stores.contains(store)) {
            return Err(Refusal::NotFound(Noun::Store).at(at.place(Field::StoreIds, index)));
        }
        Ok(())
    }
}
