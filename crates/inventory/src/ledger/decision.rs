//! Decision on one command: its effects on stock and on the documents that moved it.

use platform::traces::TraceContext;

use super::parts::{Part, Parts};
use crate::stock::core::StockDecision;

/// The documents that a batch is decided against: a book for each kind that it needs.
pub type Books = Parts;

/// Effects of an accepted command.
#[derive(Debug, Default)]
pub struct Decision {
    pub stock: StockDecision,
    /// Changes of documents: a part for each kind that the command changed.
    pub documents: Parts,
    /// The number of the last event of a document, after numbering.
    pub last_seq: Option<i64>,
    /// The trace of the command, if it is recorded: its events have it too.
    pub trace: Option<TraceContext>,
}

impl Decision {
    /// Decision of a command that changed documents of one kind.
    pub fn of(documents: impl Part) -> Self {
        Self { documents: Parts::of(documents), ..Self::default() }
    }

    /// Returns the last event of the decision; None without events.
    pub(super) fn last_seq(&self) -> Option<i64> {
        let movement = self.stock.movements.iter().map(|posted_movement| posted_movement.seq).max().filter(|seq| *seq > 0);
        movement.max(self.last_seq.filter(|seq| *seq > 0))
    }
}
