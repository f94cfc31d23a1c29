//! Changes between two schemas, and the impact of each on clients that were written for the older
//! one.

mod change;
mod compare;
mod exceptions;
mod written;

use std::fmt;

use crate::{build_error::ReferenceError, schema::Schema};

pub use change::{Change, ChangeKind, Diff, Impact};
pub use exceptions::{ExceptionError, Exceptions};

/// A schema that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffError {
    Old(ReferenceError),
    New(ReferenceError),
}

impl fmt::Display for DiffError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Old(error) => write!(f, "Old schema: {error}"),
            Self::New(error) => write!(f, "New schema: {error}"),
        }
    }
}

impl std::error::Error for DiffError {}

impl Diff {
    /// Compares two schemas, each as SDL.
    pub fn between(old: &str, new: &str) -> Result<Self, DiffError> {
        let (old, new) = (Schema::parse(old).map_err(DiffError::Old)?, Schema::parse(new).map_err(DiffError::New)?);
        let mut changes = compare::compare_schemas(&old, &new);
        changes.sort_by(|one, other| {
            (one.kind.impact(), &one.coordinate, one.kind).cmp(&(other.kind.impact(), &other.coordinate, other.kind))
        });
        Ok(Self { changes })
    }

    /// A line for each change below a heading for each impact.
    pub fn text(&self) -> String {
        written::text(self)
    }

    /// The changes as Markdown, with headings of the third level.
    pub fn markdown(&self) -> String {
        written::markdown(self)
    }

    /// `{"isBreaking": …, "changes": [{"impact", "kind", "coordinate", "text"}]}`
    pub fn json(&self) -> String {
        written::json(self)
    }
}
