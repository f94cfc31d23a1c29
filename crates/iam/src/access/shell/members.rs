//! Granting roles to members.

use entity::prelude::*;
use platform::{
    path,
    storage::{Fault, Reads, Work},
};

use super::{Access, AccessError, Changed, events};
use crate::access::{
    caller::Permit,
    core::{Field, Grant, Groups, MAX_GRANTS, Rejection, Scope, may_give, outlives},
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
        let work = self.begin(&permit).await?;
        let Some(actual) = rows::find_member(&work, member).await? else {
            return Err(Rejection::NotFound { what: "member", field: path!["input", "memberId"] }.into());
        };
        if actual != expected {
            return Err(Rejection::Stale { actual, field: path!["input", "expectedVersion"] }.into());
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
            return Err(Rejection::LastOwner { field: path!["input", "grants"] }.into());
        }
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
            let field = |name: &str| (names.at)(index, name);
            if !roles.contains_key(&grant.role) {
                return Err(Rejection::NotFound { what: "role", field: field("roleId") }.into());
            }
            places.check(&grant.scope, &field("scope"))?;
            if before.contains(grant) {
                continue;
            }
            if let Err(permission) = may_give(giver, grant, &roles, &places.groups) {
                return Err(Rejection::NotHeld { permission: permission.code, field: field("roleId") }.into());
            }
            if outlives(giver, grant.expires_at) {
                let message = "your own rights end before: a grant cannot outlive those of whoever gives it";
                return Err(Rejection::invalid(message, field("expiresAt")).into());
            }
        }
        for grant in before.iter().filter(|grant| !after.contains(grant)) {
            if let Err(permission) = may_give(giver, grant, &roles, &places.groups) {
                return Err(Rejection::NotHeld { permission: permission.code, field: (names.all)() }.into());
            }
        }
        Ok(())
    }
}

/// Where the fields of grants stand in what was asked for.
#[derive(Clone, Copy)]
pub(super) struct GrantFields {
    pub all: fn() -> Field,
    /// Of the grant at this place, the field of this name.
    pub at: fn(usize, &str) -> Field,
}

const UPDATE: GrantFields =
    GrantFields { all: || path!["input", "grants"], at: |index, name| path!["input", "grants", index, name] };

pub(super) fn check(grants: &[Grant], now: Timestamp, names: GrantFields) -> Result<(), Rejection> {
    if grants.len() > MAX_GRANTS {
        let message = format!("a member has at most {MAX_GRANTS} grants");
        return Err(Rejection::LimitExceeded { message, field: (names.all)() });
    }
    for (index, grant) in grants.iter().enumerate() {
        if grant.expires_at.is_some_and(|end| end <= now) {
            return Err(Rejection::invalid("a moment to come is expected", (names.at)(index, "expiresAt")));
        }
        if grants[..index].contains(grant) {
            return Err(Rejection::Duplicate {
                message: "this grant occurs before".to_owned(),
                field: (names.at)(index, "roleId"),
            });
        }
        check_scope(&grant.scope, &(names.at)(index, "scope"))?;
    }
    Ok(())
}

/// A scope that names something, and not too much.
pub(super) fn check_scope(scope: &Scope, field: &[String]) -> Result<(), Rejection> {
    let places = match scope {
        Scope::All => return Ok(()),
        Scope::Groups(groups) => groups.len(),
        Scope::Stores(stores) => stores.len(),
    };
    match places {
        0 => Err(Rejection::invalid("a scope without a place gives nothing: name one", field.to_vec())),
        1..=MAX_PLACES => Ok(()),
        _ => {
            Err(Rejection::LimitExceeded { message: format!("a scope names at most {MAX_PLACES} places"), field: field.to_vec() })
        }
    }
}

/// The groups and stores that exist of those that scopes name.
pub(super) struct ScopeTargets {
    pub groups: Groups,
    stores: Vec<StoreId>,
}

pub(super) async fn known_places<'a>(reads: &impl Reads, scopes: impl Iterator<Item = &'a Scope>) -> Result<ScopeTargets, Fault> {
    let (mut groups, mut stores) = (Vec::new(), Vec::new());
    for scope in scopes {
        groups.extend_from_slice(scope.groups());
        stores.extend_from_slice(scope.stores());
    }
    Ok(ScopeTargets { groups: rows::members_of(reads, &groups).await?, stores: rows::known_stores(reads, &stores).await? })
}

impl ScopeTargets {
    /// Whether all that a scope names exists.
    pub fn check(&self, scope: &Scope, field: &[String]) -> Result<(), Rejection> {
        let at = |name: &str, index: usize| field.iter().cloned().chain([name.to_owned(), index.to_string()]).collect();
        if let Some(index) = scope.groups().iter().position(|group| !self.groups.contains_key(group)) {
            return Err(Rejection::NotFound { what: "store group", field: at("groupIds", index) });
        }
        if let Some(index) = scope.stores().iter().position(|store| !self.stores.contains(store)) {
            return Err(Rejection::NotFound { what: "store", field: at("storeIds", index) });
        }
        Ok(())
    }
}
