//! A reference is not built if its schema or its guides break a rule.

use std::fmt;

/// Reason for which no reference was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceError {
    /// The schema is not written in GraphQL.
    Schema(String),
    /// The schema has no root for queries.
    NoQuery,
    /// `place` names a type that the schema does not define.
    UnknownType { name: String, place: String },
    /// Two guides have the same slug.
    Duplicate { slug: String },
    /// A slug has characters other than lower-case letters, digits and `-`.
    Slug { slug: String },
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schema(error) => write!(f, "The schema cannot be read: {error}"),
            Self::NoQuery => f.write_str("The schema has no query root."),
            Self::UnknownType { name, place } => write!(f, "{place} names the type {name}, which the schema does not define."),
            Self::Duplicate { slug } => write!(f, "Two guides have the slug {slug}."),
            Self::Slug { slug } => write!(f, "The slug {slug:?} has characters other than a to z, 0 to 9 and -."),
        }
    }
}

impl std::error::Error for ReferenceError {}
