//! Granting roles to members.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;
use platform::{
    audit,
    storage::{Fault, Reads, Work, dry_run},
};

use super::{
    audit_fields,
    error::AccessError,
    service::{Access, ChangedValue},
};
use crate::access::{
    caller::Permit,
    core::{
        At, Field, Grant, GrantingChange, Groups, Invalid, LimitedObject, MAX_GRANTS, Noun, Refusal, Refusals, Rejection, Scope,
        Stage, check_grantable, outlives,
    },
    events,
    permissions::{Bits, Permission, kind},
    rows,
    set::PermissionSet,
};

/// Places that a scope names at most.
const MAX_SCOPE_TARGETS: usize = 1_000;

/// A member whose grants were set.
#[derive(Debug, Clone)]
pub struct UpdatedMemberGrants {
    pub member: MemberId,
    /// The member as a dry run would leave it; None of a call that wrote.
    pub would_be: Option<MemberPreview>,
}

/// Fields of a member that change with its grants.
#[derive(Debug, Clone)]
pub struct MemberPreview {
    pub grants: Vec<Grant>,
    pub version: i64,
    pub updated_at: Timestamp,
}

impl Access {
    /// Replaces all grants of a member by these. Grants that are added or taken away must be within
    /// the caller's own rights.
    pub async fn member_update_roles(
        &self,
        permit: Permit<kind::MemberWrite>,
        (member, expected): (MemberId, i64),
        grants: Vec<Grant>,
    ) -> Result<ChangedValue<UpdatedMemberGrants>, AccessError> {
        let mut refusals = Refusals::default();
        check(&grants, UPDATE, &mut refusals);
        refusals.end(Stage::Shape)?;
        let now = self.clock().now();
        let mut work = self.begin(&permit).await?;
        let giver = self.current_permissions(&work, permit.caller()).await?;
        if !giver.holds(kind::MemberWrite::INDEX) {
            return Err(AccessError::Denied(crate::access::Denied(kind::MemberWrite::info().code)));
        }
        let missing = || Refusal::NotFound(Noun::Member).at(At::input(Field::MemberId));
        let found_version = rows::find_member(&work, member).await?;
        if found_version.is_none() {
            refusals.add(missing());
        }
        // Grants that have ended give nothing: they can be removed by a caller who does not hold
        // them, and are.
        let mut before = rows::grants_of(&work, member).await?;
        before.retain(|grant| grant.expires_at.is_none_or(|end| end > now));
        let targets = self.targets(&work, (&before, &grants), UPDATE).await?;
        targets.check_grant_references(&grants, &mut refusals);
        refusals.end(Stage::Reference)?;
        let actual_version = found_version.ok_or_else(missing)?;
        targets.check_grant_changes(&giver, (&before, &grants), now, &mut refusals);
        refusals.version(actual_version, expected);
        refusals.end(Stage::State)?;
        rows::replace_grants(&work, member, &grants).await?;
        rows::touch_member(&work, member, now).await?;
        if !rows::has_lasting_owner(&work).await? {
            return Err(Refusal::LastOwner.at(At::input(Field::Grants)).into());
        }
        audit::changed(&mut work, member, Some(&audit_fields::grants(&before)), Some(&audit_fields::grants(&grants)), None);
        let preview = if dry_run::is_on() {
            Some(MemberPreview { grants: rows::grants_of(&work, member).await?, version: actual_version + 1, updated_at: now })
        } else {
            None
        };
        let seq = self.end(work, events::MEMBER_UPDATED.of(member, actual_version + 1)).await?;
        Ok(ChangedValue { value: UpdatedMemberGrants { member, would_be: preview }, seq })
    }

    /// The roles that can be granted, and the places that these grants name.
    pub(super) async fn targets(
        &self,
        work: &Work,
        (before, after): (&[Grant], &[Grant]),
        names: GrantFields,
    ) -> Result<GrantTargets, Fault> {
        let roles = self.grantable_roles(work).await?;
        let scopes: Vec<&Scope> = before.iter().chain(after).map(|grant| &grant.scope).collect();
        let places = load_scope_targets(work, &scopes).await?;
        Ok(GrantTargets { names, roles, places })
    }
}

/// Roles, groups and stores that grants name.
pub(super) struct GrantTargets {
    names: GrantFields,
    roles: HashMap<RoleId, Bits>,
    places: ScopeTargets,
}

impl GrantTargets {
    /// Refuses missing roles, stores and groups.
    pub fn check_grant_references(&self, grants: &[Grant], refusals: &mut Refusals) {
        for (index, grant) in grants.iter().enumerate() {
            if !self.roles.contains_key(&grant.role) {
                refusals.add(Refusal::NotFound(Noun::Role).at((self.names.at)(index, Field::RoleId)));
            }
            self.places.check(&grant.scope, (self.names.at)(index, Field::Scope), refusals);
        }
    }

    /// Refuses grants that occur twice or have ended, and those that are added or removed without
    /// being held.
    pub fn check_grant_changes(
        &self,
        giver: &PermissionSet,
        (before, after): (&[Grant], &[Grant]),
        now: Timestamp,
        refusals: &mut Refusals,
    ) {
        let check_grant = |grant: &Grant| check_grantable(giver, grant, &self.roles, &self.places.groups);
        for (index, grant) in after.iter().enumerate() {
            let at = |field: Field| (self.names.at)(index, field);
            if grant.expires_at.is_some_and(|end| end <= now) {
                refusals.add(Invalid::Past.at(at(Field::ExpiresAt)));
            }
            if after[..index].contains(grant) {
                refusals.add(Refusal::GrantTwice.at(at(Field::RoleId)));
            }
            if before.contains(grant) {
                continue;
            }
            if let Err(permission) = check_grant(grant) {
                refusals.add(Invalid::NotHeld { permission: permission.code }.at(at(Field::RoleId)));
            }
            if outlives(giver, grant.expires_at) {
                refusals.add(Invalid::Outlives(GrantingChange::Grant).at(at(Field::ExpiresAt)));
            }
        }
        for grant in before.iter().filter(|grant| !after.contains(grant)) {
            if let Err(permission) = check_grant(grant) {
                refusals.add(Invalid::NotHeld { permission: permission.code }.at(self.names.all));
            }
        }
    }
}

/// Places of the fields of grants in the input.
#[derive(Clone, Copy)]
pub(super) struct GrantFields {
    pub all: At,
    /// A field of the grant at this place.
    pub at: fn(usize, Field) -> At,
}

const UPDATE: GrantFields = GrantFields { all: At::input(Field::Grants), at: At::grant };

pub(super) fn check(grants: &[Grant], names: GrantFields, refusals: &mut Refusals) {
    if grants.len() > MAX_GRANTS {
        refusals.add(Refusal::TooMany { what: LimitedObject::Grants, most: MAX_GRANTS }.at(names.all));
    }
    for (index, grant) in grants.iter().enumerate() {
        refusals.take(check_scope(&grant.scope, (names.at)(index, Field::Scope)));
    }
}

/// A scope that names something, and not too much.
pub(super) fn check_scope(scope: &Scope, at: At) -> Result<(), Rejection> {
    let target_count = match scope {
        Scope::All => return Ok(()),
        Scope::Groups(groups) => groups.len(),
        Scope::Stores(stores) => stores.len(),
    };
    match target_count {
        0 => Err(Invalid::NoPlace.at(at)),
        1..=MAX_SCOPE_TARGETS => Ok(()),
        _ => Err(Refusal::TooMany { what: LimitedObject::Places, most: MAX_SCOPE_TARGETS }.at(at)),
    }
}

/// The existing groups and stores among those that scopes name.
pub(super) struct ScopeTargets {
    pub groups: Groups,
    archived: HashMap<GroupId, Timestamp>,
    stores: HashSet<StoreId>,
}

pub(super) async fn load_scope_targets(reads: &impl Reads, scopes: &[&Scope]) -> Result<ScopeTargets, Fault> {
    let (mut groups, mut stores) = (Vec::new(), Vec::new());
    for scope in scopes {
        groups.extend_from_slice(scope.groups());
        stores.extend_from_slice(scope.stores());
    }
    let archived = rows::archived_groups(reads, &groups).await?;
    let stores = rows::existing_stores(reads, &stores).await?.into_iter().collect();
    Ok(ScopeTargets { groups: rows::members_of(reads, &groups).await?, archived, stores })
}

impl ScopeTargets {
    /// Refuses each store or group of a scope that does not exist or is archived.
    pub fn check(&self, scope: &Scope, at: At, refusals: &mut Refusals) {
        for (index, group) in scope.groups().iter().enumerate() {
            let at = at.place(Field::GroupIds, index);
            if !self.groups.contains_key(group) {
                refusals.add(Refusal::NotFound(Noun::StoreGroup).at(at));
            } else if let Some(since) = self.archived.get(group).copied() {
                refusals.add(Refusal::GroupArchived { since }.at(at));
            }
        }
        for (index, store) in scope.stores().iter().enumerate() {
            if !self.stores.contains(store) {
                refusals.add(Refusal::NotFound(Noun::Store).at(at.place(Field::StoreIds, index)));
            }
        }
    }
}
