//! An exchange as it is stored: its kind, its state, its numbers of rows, and how its file is read.

use entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::{noun::Noun, options::Format};

/// Kind of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Import,
    Export,
    /// A mutation for each line.
    Bulk,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Import => "IMPORT",
            Self::Export => "EXPORT",
            Self::Bulk => "BULK",
        }
    }
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Import, Self::Export, Self::Bulk].into_iter().find(|one| one.as_str() == word)
    }
}

/// Status of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl State {
    pub const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled];
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Done => "DONE",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
    /// Whether this state transition is allowed.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued => matches!(next, Self::Running | Self::Cancelled),
            Self::Running => matches!(next, Self::Done | Self::Failed | Self::Cancelled),
            Self::Done | Self::Failed | Self::Cancelled => false,
        }
    }
}

/// Range of the demand facts in an export: all of a generation, or those that events after `from`
/// up to `to` have revised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactRange {
    pub generation: i64,
    /// 0 where all are meant.
    pub from: i64,
    pub to: i64,
    pub is_increment: bool,
}

/// Data that a reader needs of an export of demand facts to continue after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactManifest {
    pub range: FactRange,
    /// SHA-256 of the file, in hex; None until it is complete.
    pub sha256: Option<String>,
}

/// Format and columns with which a file was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FileReading {
    pub format: Option<Format>,
    pub encoding: Option<String>,
    pub delimiter: Option<char>,
    /// Columns in their order, each with the field that it was matched to.
    pub columns: Vec<(String, Option<String>)>,
    /// Manifest of an export of demand facts, which is written and not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<FactManifest>,
}

/// Numbers of rows by their result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub refused: i64,
}

impl Counts {
    pub fn total(self) -> i64 {
        self.created + self.updated + self.unchanged + self.refused
    }
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            created: self.created + other.created,
            updated: self.updated + other.updated,
            unchanged: self.unchanged + other.unchanged,
            refused: self.refused + other.refused,
        }
    }
}

/// An import, an export or a bulk operation as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub tenant: TenantId,
    pub id: ExchangeId,
    pub kind: Kind,
    pub noun: Option<Noun>,
    /// JSON: `ImportOptions`, `ExportOptions` or `BulkOptions`.
    pub options: String,
    /// Format and columns with which its file is read.
    pub reading: FileReading,
    pub input: Option<FileId>,
    pub result: Option<FileId>,
    pub maker: Actor,
    /// API key of the request; None if a member made it.
    pub key: Option<ApiKeyId>,
    pub idempotency_key: String,
    /// Values that its input is compared by if its key is repeated: the struct's hash, and the
    /// digest of the sent bytes.
    pub hash: [u8; 32],
    pub sent: Option<[u8; 32]>,
    pub state: State,
    pub counts: Counts,
    pub error: Option<String>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub version: i64,
}

impl Run {
    /// Rows that are finished.
    pub fn position(&self) -> i64 {
        self.counts.total()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_between_states_are_these() {
        use State::*;
        let open: Vec<(State, State)> = State::ALL
            .into_iter()
            .flat_map(|from| State::ALL.into_iter().map(move |to| (from, to)))
            .filter(|(from, to)| from.may_become(*to))
            .collect();

        let expected = [(Queued, Running), (Queued, Cancelled), (Running, Done), (Running, Failed), (Running, Cancelled)];
        assert_eq!(open, expected);
    }
}
