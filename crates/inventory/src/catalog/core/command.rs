//! Parts that all commands on rows of the catalogue share: the target row, the ID and time of a new
//! one, and the problems that `check` found.

use entity::prelude::Timestamp;
use uuid::Uuid;

use super::rejection::{Problem, Rejection};

/// Row that a command is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target<I> {
    /// A new one.
    New,
    /// An existing one, unless it has changed since it was read.
    Id { id: I, expected_version: Option<i64> },
    /// The row with the natural key that the fields carry; a new row if there is none.
    Key,
}

impl<I: Copy> Target<I> {
    pub fn id(&self) -> Option<I> {
        match self {
            Self::Id { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// Inputs of a decision that do not come from the caller or the database: an unused ID, and the
/// time.
#[derive(Debug, Clone, Copy)]
pub struct NewIdAndTime {
    pub id: Uuid,
    pub now: Timestamp,
}

/// A command that has been checked field by field.
pub trait CheckedCommand {
    fn problems(&self) -> &[Problem];
    /// True if an ID in it is malformed or of another kind: the database need not be read then.
    fn has_malformed_id(&self) -> bool {
        self.problems().iter().any(|problem| matches!(problem.why, Rejection::WrongId(_)))
    }
}
