//! Grants: a role for explicitly named stores, optionally with an end; and the permission set that
//! several grants add up to.

use std::collections::HashMap;

use entity::prelude::{GroupId, RoleId, StoreId, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::{
    permissions::{Bits, Class, PermissionInfo},
    set::{PermissionSet, Reach},
};

/// The stores of a grant, always explicit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    All,
    /// The stores of these groups, whichever are in them at the time.
    Groups(Vec<GroupId>),
    Stores(Vec<StoreId>),
}

/// A role that a member has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub role: RoleId,
    pub scope: Scope,
    pub expires_at: Option<Timestamp>,
}

/// Grants that a member has at most.
pub const MAX_GRANTS: usize = 50;

/// A group of stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreGroup {
    pub id: GroupId,
    pub code: String,
    pub name: String,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// None while the group is in use.
    pub archived_at: Option<Timestamp>,
}

/// The key that the code of a group is unique by, as the table keeps it.
pub fn group_key(code: &str) -> String {
    code.to_lowercase()
}

/// The stores of groups.
pub type Groups = HashMap<GroupId, Vec<StoreId>>;

impl Scope {
    /// The stores that the scope covers at present.
    pub fn reach(&self, groups: &Groups) -> Reach {
        match self {
            Self::All => Reach::Everywhere,
            Self::Stores(stores) => Reach::stores(stores.iter().copied()),
            Self::Groups(group_ids) => Reach::stores(group_ids.iter().filter_map(|id| groups.get(id)).flatten().copied()),
        }
    }
    /// Returns the permissions that this scope does not grant: those for the whole tenant, if it is
    /// not all stores.
    pub fn ungranted_permissions(&self, permissions: Bits) -> Vec<&'static str> {
        let is_left_out = |info: &&PermissionInfo| *self != Self::All && info.class == Class::Tenant;
        permissions.infos().filter(is_left_out).map(|info| info.code).collect()
    }
    pub fn groups(&self) -> &[GroupId] {
        match self {
            Self::Groups(groups) => groups,
            Self::All | Self::Stores(_) => &[],
        }
    }
    pub fn stores(&self) -> &[StoreId] {
        match self {
            Self::Stores(stores) => stores,
            Self::All | Self::Groups(_) => &[],
        }
    }
}

/// Compiles the grants valid at `now`: each permission for the stores of all grants that give it,
/// until the first of these grants ends.
pub fn compile(grants: &[Grant], roles: &HashMap<RoleId, Bits>, groups: &Groups, now: Timestamp) -> PermissionSet {
    let mut set = PermissionSet::default();
    for grant in grants.iter().filter(|grant| grant.expires_at.is_none_or(|end| end > now)) {
        let reach = grant.scope.reach(groups);
        for index in roles.get(&grant.role).copied().unwrap_or_default().indices() {
            set.grant(index, &reach);
        }
        set.until = [set.until, grant.expires_at].into_iter().flatten().min();
    }
    set
}

/// Returns the first permission of the grant that the giver does not hold in all of the grant's
/// stores, as an error.
pub fn check_grantable(
    giver: &PermissionSet,
    grant: &Grant,
    roles: &HashMap<RoleId, Bits>,
    groups: &Groups,
) -> Result<(), &'static PermissionInfo> {
    // An expiry in the past is ignored: the stored grant may be evaluated again.
    let unlimited_grant = Grant { expires_at: None, ..grant.clone() };
    giver.first_missing(&compile(&[unlimited_grant], roles, groups, Timestamp(0))).map_or(Ok(()), Err)
}

/// Whether a grant would last longer than the rights of its giver.
pub fn outlives(giver: &PermissionSet, expires_at: Option<Timestamp>) -> bool {
    giver.until.is_some_and(|until| expires_at.is_none_or(|end| end > until))
}
