//! Breaking changes that are made all the same, each with its reason.

use std::fmt;

use super::change::{Change, Diff, Impact};

/// A list of breaking changes that are allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exceptions(Vec<Exception>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Exception {
    kind: String,
    coordinate: String,
}

impl Exception {
    fn is_of(&self, change: &Change) -> bool {
        self.kind == change.kind.code() && self.coordinate == change.coordinate
    }
}

/// A line of the list without a kind, a coordinate or a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExceptionError {
    /// From 1 on.
    pub line: usize,
}

impl fmt::Display for ExceptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line {} is not \"KIND coordinate reason\", such as \"FIELD_REMOVED Order.old Never released.\"", self.line)
    }
}

impl std::error::Error for ExceptionError {}

impl Exceptions {
    /// Reads a line for each change: its kind, its coordinate and the reason, between spaces. Empty lines and those that begin with `#` are
    /// left out.
    pub fn parse(text: &str) -> Result<Self, ExceptionError> {
        let mut exceptions = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut words = line.split_whitespace();
            let (Some(kind), Some(coordinate), Some(_reason)) = (words.next(), words.next(), words.next()) else {
                return Err(ExceptionError { line: index + 1 });
            };
            exceptions.push(Exception { kind: kind.to_owned(), coordinate: coordinate.to_owned() });
        }
        Ok(Self(exceptions))
    }

    /// The breaking changes that are not on the list.
    pub fn unlisted_changes<'a>(&self, diff: &'a Diff) -> Vec<&'a Change> {
        diff.of(Impact::Breaking).filter(|change| !self.0.iter().any(|exception| exception.is_of(change))).collect()
    }

    /// Lines of the list that no change needs, as `KIND coordinate`.
    pub fn unused_lines(&self, diff: &Diff) -> Vec<String> {
        let is_needed = |exception: &&Exception| diff.of(Impact::Breaking).any(|change| exception.is_of(change));
        let unused = self.0.iter().filter(|exception| !is_needed(exception));
        unused.map(|exception| format!("{} {}", exception.kind, exception.coordinate)).collect()
    }
}
