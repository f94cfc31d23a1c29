//! The counts that a batch has loaded, and the accepted decisions on them.

use std::collections::HashMap;

use entity::prelude::*;

use super::count::{Count, CountAttempt, Line, LineKey};
use crate::counts::events::{CountEvent, EventType};
use crate::ledger::DocumentNumber;
use crate::stock::core::LevelKey;

/// The counts that a batch has loaded and locked, with the parts that its commands need.
#[derive(Debug, Clone, Default)]
pub struct CountBook {
    pub counts: HashMap<CountId, Count>,
    pub lines: HashMap<CountId, HashMap<LineKey, Line>>,
    /// Number of lines that are still to be counted.
    pub open: HashMap<CountId, i64>,
    /// Corrections of the book quantity in a line's tally: movements of that time that were
    /// recorded later, and the postings of other counts.
    pub late: HashMap<(CountId, LineKey), i64>,
    /// Actors who counted.
    pub counters: HashMap<CountId, Vec<Actor>>,
    /// On hand at an earlier moment, for tallies of that moment.
    pub past: HashMap<(ProductId, StoreId, Timestamp), i64>,
    /// On hand of lots at an earlier moment; a lot with zero is left out.
    pub lots_past: HashMap<(LotId, StoreId, Timestamp), i64>,
    pub taken_refs: std::collections::HashSet<String>,
    /// Counts that have started and not ended at levels where a new count is to start at once.
    pub under_way: HashMap<LevelKey, (CountId, DocumentNumber)>,
    /// Later facts that depend on counts that are to be reversed.
    pub undone: HashMap<CountId, CountsSince>,
}

/// Other counts of the same products, and facts recorded late, that matter for a reversal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CountsSince {
    /// Time at which other counts that are not reversed last counted each product or lot.
    pub standing: HashMap<LineKey, Timestamp>,
    /// Counts that were approved later, newest first.
    pub later: Vec<CountId>,
    /// Later movements that balance facts from before a count, newest first.
    pub late: Vec<MovementId>,
}

impl CountBook {
    pub fn line(&self, count: CountId, key: &LineKey) -> Option<&Line> {
        self.lines.get(&count)?.get(key)
    }
    /// The lines of a product that are loaded, by their lots.
    pub fn lines_of(&self, count: CountId, product: ProductId) -> Vec<&Line> {
        let count_lines = self.lines.get(&count).into_iter().flat_map(HashMap::values);
        let mut product_lines: Vec<&Line> = count_lines.filter(|line| line.product == product).collect();
        product_lines.sort_by_cached_key(|line| line.key());
        product_lines
    }
    /// Returns the book quantity at the time of the line's count, with the corrections known by
    /// now.
    pub fn book_quantity(&self, count: CountId, line: &Line) -> Option<i64> {
        Some(line.state.tally()?.book + self.late.get(&(count, line.key())).copied().unwrap_or(0))
    }
    /// Returns the number of a count of this level that has been started and has not ended.
    pub fn find_parallel_count(&self, level: LevelKey) -> Option<DocumentNumber> {
        let (id, number) = self.under_way.get(&level)?;
        // Counts that this batch has changed are in their latest state.
        self.counts.get(id).is_none_or(|count| count.state.is_under_way()).then_some(*number)
    }
    /// Applies an accepted decision to the counts.
    pub fn evolve(&mut self, decision: &CountDecision) {
        let id = decision.count.id;
        self.taken_refs.extend(decision.count.external_ref.clone());
        self.counts.insert(id, decision.count.clone());
        if decision.count.state.is_under_way() {
            let level = |line: &Line| LevelKey { product: line.product, store: decision.count.store };
            self.under_way.extend(decision.made.iter().map(|line| (level(line), (id, decision.count.number))));
        }
        let is_open = |line: &Line| line.state.is_open();
        for line in decision.lines() {
            let before = self.lines.entry(id).or_default().insert(line.key(), line.clone());
            let change = i64::from(is_open(line)) - i64::from(before.as_ref().is_some_and(is_open));
            *self.open.entry(id).or_default() += change;
            if before.is_none_or(|before| before.state.tally() != line.state.tally()) {
                self.late.remove(&(id, line.key()));
            }
        }
        for key in &decision.gone {
            if self.lines.entry(id).or_default().remove(key).as_ref().is_some_and(is_open) {
                *self.open.entry(id).or_default() -= 1;
            }
        }
        self.counters.entry(id).or_default().extend(decision.tries.iter().map(|attempt| attempt.actor));
    }
}

/// Status, version and size of a count when it was created, before any other step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreatedState {
    pub status: CountStatus,
    pub version: i64,
    /// Number of lines at that time.
    pub lines: usize,
}

/// Result of an accepted step of a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountDecision {
    pub count: Count,
    /// Lines that the step created, which have no row yet.
    pub made: Vec<Line>,
    /// Lines that the step changed.
    pub changed: Vec<Line>,
    /// Lines that the step removed, none of which was counted.
    pub gone: Vec<LineKey>,
    pub tries: Vec<CountAttempt>,
    /// Kind of the step's event in the journal.
    pub event: EventType<CountEvent>,
    /// Status before the step; `None` for a new count.
    pub before: Option<CountStatus>,
    /// Creation of a count that is started in the same call, an event of its own; `None` for all
    /// other steps.
    pub first: Option<CreatedState>,
}

impl CountDecision {
    /// Returns the lines that the step created or changed.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.made.iter().chain(&self.changed)
    }
}
