//! Roles of a tenant, and what they may look like.

use std::collections::{HashMap, HashSet};

use entity::prelude::{RoleId, Timestamp};

use super::{
    super::permissions::{Bits, index_of},
    refusal::{At, Counted, Field, Invalid, Noun, Refusal, Rejection, check_key, check_name},
};

/// A role that a tenant made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub id: RoleId,
    pub key: String,
    pub name: String,
    /// Its own, without what it inherits.
    pub permissions: Bits,
    pub inherits: Vec<RoleId>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A role as somebody wants it.
#[derive(Debug, Clone, Default)]
pub struct NewRole {
    pub key: String,
    pub name: String,
    /// Codes of permissions.
    pub permissions: Vec<String>,
    pub inherits: Vec<RoleId>,
}

/// Roles of its own that a tenant has at most.
pub const MAX_ROLES: usize = 100;
/// Roles that a role inherits at most, directly.
const MAX_INHERITED: usize = 20;
/// How long a chain of inheritance is at most: casbin follows ten links.
const MAX_CHAIN: usize = 8;

/// What a role is to hold itself, or all that is wrong with how it is written.
pub fn check_role(new: &NewRole) -> Result<Bits, Vec<Rejection>> {
    let mut wrong = Vec::new();
    wrong.extend(check_key(&new.key, At::input(Field::Key)).err());
    wrong.extend(check_name(&new.name, At::input(Field::Name)).err());
    let mut bits = Bits::default();
    for (index, code) in new.permissions.iter().enumerate() {
        match index_of(code) {
            Some(known) => bits.insert(known),
            None => wrong.push(Refusal::NotFound(Noun::Permission).at(At::input(Field::Permissions).nth(index))),
        }
        if wrong.len() >= MAX_INHERITED {
            break;
        }
    }
    if new.inherits.len() > MAX_INHERITED {
        wrong.push(Refusal::TooMany { what: Counted::Inherited, most: MAX_INHERITED }.at(At::input(Field::Inherits)));
    }
    if wrong.is_empty() { Ok(bits) } else { Err(wrong) }
}

/// Whether `role` may inherit these: all are known, none leads back to it, and no chain through it grows too long.
pub fn inheritance(role: RoleId, inherits: &[RoleId], known: &HashMap<RoleId, Vec<RoleId>>) -> Result<(), Rejection> {
    for (index, inherited) in inherits.iter().enumerate() {
        let at = At::input(Field::Inherits).nth(index);
        if *inherited != role && !known.contains_key(inherited) {
            return Err(Refusal::NotFound(Noun::Role).at(at));
        }
        if reaches(*inherited, role, known) {
            return Err(Invalid::InheritsItself.at(at));
        }
    }
    let mut with = known.clone();
    with.insert(role, inherits.to_vec());
    let longest = with.keys().map(|from| chain(*from, &with, &mut HashMap::new())).max().unwrap_or_default();
    if longest > MAX_CHAIN {
        return Err(Refusal::TooMany { what: Counted::Inheritance, most: MAX_CHAIN }.at(At::input(Field::Inherits)));
    }
    Ok(())
}

/// A role and all that inherit it, be it by way of others.
pub fn heirs(role: RoleId, known: &HashMap<RoleId, Vec<RoleId>>) -> Vec<RoleId> {
    known.keys().copied().filter(|from| reaches(*from, role, known)).collect()
}

fn reaches(from: RoleId, goal: RoleId, known: &HashMap<RoleId, Vec<RoleId>>) -> bool {
    let (mut open, mut seen) = (vec![from], HashSet::new());
    while let Some(role) = open.pop() {
        if role == goal {
            return true;
        }
        if seen.insert(role) {
            open.extend(known.get(&role).into_iter().flatten());
        }
    }
    false
}

/// Links of the longest chain from a role. The graph has no cycles: what would make one has been refused.
fn chain(from: RoleId, known: &HashMap<RoleId, Vec<RoleId>>, found: &mut HashMap<RoleId, usize>) -> usize {
    if let Some(length) = found.get(&from) {
        return *length;
    }
    let below = known.get(&from).into_iter().flatten().map(|role| 1 + chain(*role, known, found)).max().unwrap_or_default();
    found.insert(from, below);
    below
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(n: u128) -> RoleId {
        RoleId::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn roles_inherit_in_chains_but_not_in_circles() {
        let known: HashMap<_, _> = [(id(1), vec![id(2)]), (id(2), vec![id(3)]), (id(3), vec![])].into();
        assert_eq!(inheritance(id(4), &[id(1)], &known), Ok(()));
        for from in [1, 2, 3] {
            let refused = inheritance(id(3), &[id(from)], &known);
            assert!(
                matches!(refused, Err(Rejection { why: Refusal::Invalid(Invalid::InheritsItself), .. })),
                "3 → {from} → … → 3"
            );
        }
        let unknown = inheritance(id(4), &[id(9)], &known);
        assert!(matches!(unknown, Err(Rejection { why: Refusal::NotFound(Noun::Role), .. })));
        let mut inheriting = heirs(id(3), &known);
        inheriting.sort_unstable();
        assert_eq!((inheriting, heirs(id(1), &known)), (vec![id(1), id(2), id(3)], vec![id(1)]));
        let long: HashMap<_, _> = (1..=9).map(|n| (id(n), if n == 9 { vec![] } else { vec![id(n + 1)] })).collect();
        let deep = inheritance(id(20), &[id(1)], &long);
        assert!(matches!(deep, Err(Rejection { why: Refusal::TooMany { what: Counted::Inheritance, .. }, .. })));
    }
}
