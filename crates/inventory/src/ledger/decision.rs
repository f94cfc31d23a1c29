//! Decision on one command: its effects on stock and on the documents that moved it.

use std::collections::HashMap;

use entity::prelude::*;
use platform::{
    storage::journal::{Counter, Event, NewEvent},
    traces::TraceContext,
};

use super::{
    document::Turn,
    parts::{Part, Parts},
    registry::Documents,
};
use crate::stock::{
    core::{Level, LevelKey, StockDecision},
    events::{lot_changed, stock_changed},
};

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

    /// Number of events about documents and lots.
    pub(super) fn facts(&self, documents: &Documents) -> usize {
        documents.facts(&self.documents) + self.stock.changed_lots.len()
    }

    /// Numbers documents and events from the counter, and advances it. The documents' events come
    /// first, then the movements they caused; entries share their movement's number.
    pub(super) fn number(&mut self, documents: &Documents, counter: &mut Counter, now: Timestamp, journaled: &mut Vec<Event>) {
        documents.number(&mut self.documents, counter);
        let trace = self.trace;
        let mut push = |event: NewEvent| {
            counter.seq += 1;
            journaled.push(event.traced(trace).numbered(counter.seq, now));
            counter.seq
        };
        for event in self.document_events(documents) {
            self.last_seq = Some(push(event));
        }
        let levels: Vec<&Level> = self.stock.levels.iter().collect();
        let mut last: HashMap<LevelKey, i64> = HashMap::new();
        for nth in 0..self.stock.movements.len() {
            let Some((movement, later)) = self.stock.movements[nth..].split_first_mut() else { break };
            movement.seq = push(stock_changed(movement, later, &levels));
            last.extend(movement.entries.iter().map(|entry| (entry.key, movement.seq)));
        }
        for level in &mut self.stock.levels {
            level.seq = last.get(&level.key).copied().unwrap_or(level.seq);
        }
    }

    fn document_events(&self, documents: &Documents) -> Vec<NewEvent> {
        let lots = self.stock.lots.iter().filter(|lot| self.stock.changed_lots.contains(&lot.id)).map(lot_changed);
        let mut events = documents.events(Turn::First, &self.documents);
        events.extend(documents.events(Turn::BeforeLots, &self.documents));
        events.extend(lots);
        events.extend(documents.events(Turn::AfterLots, &self.documents));
        events
    }

    /// Returns the last event of the decision; None without events.
    pub(super) fn last_seq(&self) -> Option<i64> {
        let movement = self.stock.movements.iter().map(|m| m.seq).max().filter(|seq| *seq > 0);
        movement.max(self.last_seq.filter(|seq| *seq > 0))
    }
}
