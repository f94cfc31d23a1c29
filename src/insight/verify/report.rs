//! What was proven, for people and for the exit status.

use std::fmt;

use entity::{id::base32, prelude::TenantId};
use uuid::Uuid;

/// The first row that breaks an invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub table: &'static str,
    /// Its key, with ids as clients see them.
    pub key: String,
    pub expected: String,
    pub found: String,
}

impl Broken {
    /// A place where the audit log's chain breaks.
    pub(super) fn audit(seq: i64, why: String) -> Self {
        Self {
            table: "audit_entry",
            key: format!("seq {seq}"),
            expected: "what was written, behind the entry before it".to_owned(),
            found: why,
        }
    }
}

/// One invariant over all tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub invariant: &'static str,
    pub rows: u64,
    pub broken: Option<(TenantId, Broken)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub tenants: u64,
    pub lines: Vec<Line>,
}

impl Report {
    pub(super) fn add(&mut self, invariant: &'static str, rows: u64, broken: Option<(TenantId, Broken)>) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.invariant == invariant) {
            line.rows += rows;
            if line.broken.is_none() {
                line.broken = broken;
            }
        } else {
            self.lines.push(Line { invariant, rows, broken });
        }
    }
    pub fn is_sound(&self) -> bool {
        self.lines.iter().all(|line| line.broken.is_none())
    }
    /// 0 when everything holds, 1 when something is broken.
    pub fn exit_status(&self) -> u8 {
        u8::from(!self.is_sound())
    }
    /// The invariants that are broken.
    pub fn broken(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.broken.is_some())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.lines.iter().map(|line| line.invariant.len()).max().unwrap_or(0);
        for Line { invariant, rows, broken } in &self.lines {
            write!(f, "{invariant:width$}  {rows:>10} rows  ")?;
            match broken {
                None => writeln!(f, "ok")?,
                Some((tenant, b)) => {
                    writeln!(f, "BROKEN")?;
                    writeln!(f, "    {} {} {}", tenant, b.table, b.key)?;
                    writeln!(f, "    expected {}, found {}", b.expected, b.found)?;
                }
            }
        }
        match self.broken().count() {
            0 => write!(f, "{} invariants hold over {} tenants", self.lines.len(), self.tenants),
            broken => write!(f, "{broken} of {} invariants are BROKEN", self.lines.len()),
        }
    }
}

/// Turns words like `prd:0190…` (prefix and 32 hex digits) into ids as clients see them.
pub(super) fn readable(text: &str) -> String {
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
        assert_eq!(readable("prd:01890a5dac96774bbcceb302099a8057 version 7"), "prd_01h455vb4pex5vsknk084sn02q version 7");
        assert_eq!(readable("at 12:30 nil:0"), "at 12:30 nil:0");
    }
}
