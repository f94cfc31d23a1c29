//! Roles of a tenant, and their validation.

use std::collections::{HashMap, HashSet};

use entity::prelude::{RoleId, Timestamp};

use super::{
    super::permissions::Bits,
    refusal::{At, Field, Invalid, LimitedObject, Noun, Refusal, check_key, check_name},
    stages::Refusals,
};

/// A custom role of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub id: RoleId,
    pub key: String,
    pub name: String,
    /// The role's own permissions, without inherited ones.
    pub permissions: Bits,
    pub inherits: Vec<RoleId>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Input for a role that is created or changed.
#[derive(Debug, Clone, Default)]
pub struct NewRole {
    pub key: String,
    pub name: String,
    /// Codes of permissions.
    pub permissions: Vec<String>,
    pub inherits: Vec<RoleId>,
}

/// Maximum custom roles of a tenant.
pub const MAX_ROLES: usize = 100;
/// Roles that a role inherits at most, directly.
const MAX_INHERITED: usize = 20;
/// Maximum length of a chain of inheritance; casbin follows ten links.
const MAX_CHAIN: usize = 8;

/// Refuses invalid fields of a role; a field that is None is not changed.
pub fn check_role(key: Option<&str>, name: Option<&str>, inherits: Option<&[RoleId]>, refusals: &mut Refusals) {
    refusals.take(key.map_or(Ok(()), |key| check_key(key, At::input(Field::Key))));
    refusals.take(name.map_or(Ok(()), |name| check_name(name, At::input(Field::Name))));
    if inherits.is_some_and(|inherits| inherits.len() > MAX_INHERITED) {
        refusals.add(Refusal::TooMany { what: LimitedObject::Inherited, most: MAX_INHERITED }.at(At::input(Field::Inherits)));
    }
}

/// Whether `role` may inherit these: all are known, none leads back to it, and no chain through it grows too long. Refuses each that may not be.
pub fn inheritance(role: RoleId, inherits: &[RoleId], parents: &HashMap<RoleId, Vec<RoleId>>, refusals: &mut Refusals) -> bool {
    let mut is_sound = true;
    for (index, inherited) in inherits.iter().enumerate() {
        let at = At::input(Field::Inherits).nth(index);
        if *inherited != role && !parents.contains_key(inherited) {
            refusals.add(Refusal::NotFound(Noun::Role).at(at));
            is_sound = false;
        } else if inherits_from(*inherited, role, parents) {
            refusals.add(Invalid::InheritsItself.at(at));
            is_sound = false;
        }
    }
    if !is_sound {
        return false;
    }
    let mut updated_parents = parents.clone();
    updated_parents.insert(role, inherits.to_vec());
    let longest_chain =
        updated_parents.keys().map(|from| chain(*from, &updated_parents, &mut HashMap::new())).max().unwrap_or_default();
    if longest_chain > MAX_CHAIN {
        refusals.add(Refusal::TooMany { what: LimitedObject::Inheritance, most: MAX_CHAIN }.at(At::input(Field::Inherits)));
    }
    longest_chain <= MAX_CHAIN
}

/// A role and all that inherit it, be it by way of others.
pub fn descendant_roles(role: RoleId, parents: &HashMap<RoleId, Vec<RoleId>>) -> Vec<RoleId> {
    parents.keys().copied().filter(|from| inherits_from(*from, role, parents)).collect()
}

fn inherits_from(from: RoleId, target: RoleId, parents: &HashMap<RoleId, Vec<RoleId>>) -> bool {
    let (mut pending, mut visited) = (vec![from], HashSet::new());
    while let Some(role) = pending.pop() {
        if role == target {
            return true;
        }
        if visited.insert(role) {
            pending.extend(parents.get(&role).into_iter().flatten());
        }
    }
    false
}

/// Links of the longest chain from a role. The graph has no cycles, which are refused before.
fn chain(from: RoleId, parents: &HashMap<RoleId, Vec<RoleId>>, lengths: &mut HashMap<RoleId, usize>) -> usize {
    if let Some(length) = lengths.get(&from) {
        return *length;
    }
    let chain_length =
        parents.get(&from).into_iter().flatten().map(|role| 1 + chain(*role, parents, lengths)).max().unwrap_or_default();
    lengths.insert(from, chain_length);
    chain_length
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use platform::stages::Stage;

    use super::*;

    fn id(n: u128) -> RoleId {
        RoleId::from_uuid(Uuid::from_u128(n))
    }

    fn refused(role: u128, inherits: &[u128], known: &HashMap<RoleId, Vec<RoleId>>) -> Vec<Refusal> {
        let (mut refusals, inherits) = (Refusals::default(), inherits.iter().copied().map(id).collect::<Vec<_>>());
        let is_sound = inheritance(id(role), &inherits, known, &mut refusals);
        let told = refusals.end(Stage::State).err().unwrap_or_default();
        assert_eq!(is_sound, told.is_empty());
        told.into_iter().map(|rejection| rejection.why).collect()
    }

    #[test]
    fn roles_inherit_in_chains_but_not_in_circles() {
        let known: HashMap<_, _> = [(id(1), vec![id(2)]), (id(2), vec![id(3)]), (id(3), vec![])].into();
        assert!(refused(4, &[1], &known).is_empty());
        for from in [1, 2, 3] {
            assert_eq!(refused(3, &[from], &known), [Refusal::Invalid(Invalid::InheritsItself)], "3 → {from} → … → 3");
        }
        assert_eq!(refused(3, &[9, 1, 8], &known), [Refusal::NotFound(Noun::Role), Refusal::NotFound(Noun::Role)]);
        let mut inheriting = descendant_roles(id(3), &known);
        inheriting.sort_unstable();
        assert_eq!((inheriting, descendant_roles(id(1), &known)), (vec![id(1), id(2), id(3)], vec![id(1)]));
        let long: HashMap<_, _> = (1..=9).map(|n| (id(n), if n == 9 { vec![] } else { vec![id(n + 1)] })).collect();
        assert_eq!(refused(20, &[1], &long), [Refusal::TooMany { what: LimitedObject::Inheritance, most: MAX_CHAIN }]);
    }
}
