//! Who may read a view.

use entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Problem, View};

/// Roles, and members, that a view is shared with at most.
pub const MOST_READERS: usize = 50;

/// Whom a view is shared with, beside its owner and those who manage views. An integration has no role: it reads what it owns, or manages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readers {
    pub roles: Vec<RoleId>,
    pub members: Vec<MemberId>,
}

/// A wish whom a view is shared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Sharing {
    /// With all who may read views.
    Everyone,
    With(Readers),
}

impl Sharing {
    pub fn readers(&self) -> Option<&Readers> {
        match self {
            Self::Everyone => None,
            Self::With(readers) => Some(readers),
        }
    }
}

/// Somebody who asks for views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    pub actor: Actor,
    /// The roles that they have now.
    pub roles: Vec<RoleId>,
    /// Whether they manage views.
    pub manages: bool,
}

impl Readers {
    /// The lists that are longer than may be.
    pub fn problems(&self) -> Vec<Problem> {
        let lists = [(self.roles.len(), "roleIds"), (self.members.len(), "memberIds")];
        let long = lists.into_iter().filter(|(count, _)| *count > MOST_READERS);
        long.map(|(_, name)| Problem::TooManyReaders { name }).collect()
    }
}

impl View {
    /// Whether somebody who may read views may read this one.
    pub fn is_for(&self, asker: &Asker) -> bool {
        let Some(readers) = &self.readers else { return true };
        let is_named =
            asker.actor.kind == ActorKind::Member && readers.members.iter().any(|member| member.uuid() == asker.actor.id);
        let has_role = readers.roles.iter().any(|role| asker.roles.contains(role));
        asker.manages || asker.actor == self.maker || is_named || has_role
    }
}
