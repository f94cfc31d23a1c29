//! Tests of a text column, and the condition of a prefix that an index serves.

use super::clause::Clause;
use crate::catalog::core::text;

/// Texts are compared by their folded keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    In(Vec<String>),
    StartsWith(String),
    Contains(String),
    /// Whether there is no text at all.
    IsNull(bool),
}

/// A range that an index serves on both databases, as both compare by bytes.
pub fn begins_with(clause: &mut Clause, name: &str, prefix: &str) {
    let from = clause.bind(prefix);
    clause.push(&format!("{name} >= {from}"));
    if let Some(after) = text::prefix_upper_bound(prefix) {
        let to = clause.bind(after);
        clause.push(&format!(" AND {name} < {to}"));
    }
}
