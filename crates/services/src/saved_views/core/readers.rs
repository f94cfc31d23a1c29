//! Readers of a view.

use entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// Maximum roles, and members, that a view is shared with.
pub const MAX_READERS: usize = 50;

/// Roles and members that a view is shared with, in addition to its owner and those who manage
/// views. An integration has no role: it reads the views that it owns, or all if it manages views.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readers {
    pub roles: Vec<RoleId>,
    pub members: Vec<MemberId>,
}

/// Requested readers of a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Sharing {
    /// Shared with all who may read views.
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

/// Caller that requests views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewReader {
    pub actor: Actor,
    /// The caller's current roles.
    pub roles: Vec<RoleId>,
    /// Whether they manage views.
    pub manages: bool,
}

impl Readers {
    /// Returns the lists that are too long.
    pub fn problems(&self) -> Vec<Problem> {
        let lists = [(self.roles.len(), "roleIds"), (self.members.len(), "memberIds")];
        let long = lists.into_iter().filter(|(count, _)| *count > MAX_READERS);
        long.map(|(_, name)| Problem::TooManyReaders { name }).collect()
    }
}
