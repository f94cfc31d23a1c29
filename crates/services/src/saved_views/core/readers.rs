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
    /// # Errors
    /// More of one kind than may be.
    pub fn check(&self) -> Result<(), Problem> {
        let is_full = self.roles.len() > MOST_READERS || self.members.len() > MOST_READERS;
        let message = "at most 50 roles and 50 members are expected";
        if is_full { Err(Problem::OutOfRange { message, name: "readers" }) } else { Ok(()) }
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
