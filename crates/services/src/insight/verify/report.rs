//! Report of a verification, for people and for the exit status.

use std::fmt;

use entity::{id::base32, prelude::TenantId};
use platform::storage::Fault;
use uuid::Uuid;

/// The first row that breaks an invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub table: &'static str,
    /// Key of the row, with IDs as clients see them.
    pub key: String,
    pub expected: String,
    pub found: String,
}

impl Violation {
    /// A value that its column may not have.
    pub(super) fn unreadable(table: &'static str, key: impl Into<String>, fault: &Fault) -> Self {
        Self { table, key: key.into(), expected: "a readable value".to_owned(), found: fault.to_string() }
    }
    /// A place where the audit log's chain breaks.
    pub(super) fn audit(seq: i64, reason: String) -> Self {
        Self {
            table: "audit_entry",
            key: format!("seq {seq}"),
            expected: "the written entry, linked to the entry before it".to_owned(),
            found: reason,
        }
    }
}

/// Result of one invariant over all tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub invariant: &'static str,
    pub rows: u64,
    pub broken: Option<(TenantId, Violation)>,
    /// Reason why it could not be verified.
    pub unproven: Option<String>,
}

impl Line {
    /// The line of a report, with the invariant padded to `width`.
    pub fn text(&self, width: usize) -> String {
        let Self { invariant, rows, broken, unproven } = self;
        let prefix = format!("{invariant:width$}  {rows:>10} rows  ");
        match (broken, unproven) {
            (Some((tenant, b)), _) => {
                let Violation { table, key, expected, found } = b;
                format!("{prefix}BROKEN\n    {tenant} {table} {key}\n    expected {expected}, found {found}")
            }
            (None, Some(reason)) => format!("{prefix}NOT CHECKED\n    {reason}"),
            (None, None) => format!("{prefix}ok"),
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub tenants: u64,
    pub lines: Vec<Line>,
}

impl Report {
    pub(super) fn add(&mut self, invariant: &'static str, rows: u64, broken: Option<(TenantId, Violation)>) -> &Line {
        let index = self.lines.iter().position(|line| line.invariant == invariant).unwrap_or(self.lines.len());
        if index == self.lines.len() {
            self.lines.push(Line { invariant, rows: 0, broken: None, unproven: None });
        }
        let line = &mut self.lines[index];
        line.rows += rows;
        line.broken = line.broken.take().or(broken);
        line
    }
    /// Adds an invariant that could not be verified.
    pub(super) fn add_unverified(&mut self, invariant: &'static str, rows: u64, reason: String) -> &Line {
        let index = self.lines.len();
        self.lines.push(Line { invariant, rows, broken: None, unproven: Some(reason) });
        &self.lines[index]
    }
    /// Adds an invariant that was verified, or was until a fault ended it.
    pub(super) fn push(&mut self, line: Line) -> &Line {
        let index = self.lines.len();
        self.lines.push(line);
        &self.lines[index]
    }
    pub fn is_sound(&self) -> bool {
        self.lines.iter().all(|line| line.broken.is_none())
    }
    /// 0 when everything holds, 1 when something is broken.
    pub fn exit_status(&self) -> u8 {
        u8::from(!self.is_sound())
    }
    /// The invariants that are broken.
    pub fn broken_lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.broken.is_some())
    }
    /// Returns the overall result, in one line.
    pub fn summary(&self) -> String {
        let unverified_count = self.lines.iter().filter(|line| line.broken.is_none() && line.unproven.is_some()).count();
        let left_out = if unverified_count == 0 { String::new() } else { format!("; {unverified_count} could not be checked") };
        match self.broken_lines().count() {
            0 => format!("{} invariants hold over {} tenants{left_out}", self.lines.len() - unverified_count, self.tenants),
            broken => format!("{broken} of {} invariants are BROKEN{left_out}", self.lines.len()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.lines.iter().map(|line| line.invariant.len()).max().unwrap_or(0);
        for line in &self.lines {
            writeln!(f, "{}", line.text(width))?;
        }
        write!(f, "{}", self.summary())
    }
}

/// Turns words like `prd:0190…` (prefix and 32 hex digits) into ids as clients see them.
pub(super) fn printable_text(text: &str) -> String {
    let word = |word: &str| {
        let id = word.split_once(':').and_then(|(prefix, hex)| {
            let uuid = (hex.len() == 32).then(|| Uuid::parse_str(hex).ok())??;
            Some(format!("{prefix}_{}", String::from_utf8_lossy(&base32(uuid))))
        });
        id.unwrap_or_else(|| word.to_owned())
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_keys_are_readable() {
        assert_eq!(printable_text("prd:01890a5dac96774bbcceb302099a8057 version 7"), "prd_01h455vb4pex5vsknk084sn02q version 7");
        assert_eq!(printable_text("at 12:30 nil:0"), "at 12:30 nil:0");
    }
}
