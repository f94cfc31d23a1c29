//! A count as the rules see it.

use std::collections::HashMap;

use entity::prelude::*;

use crate::counts::events::{CountEvent, EventType};
use crate::stock::core::{Noun, Rejection};

/// Whether those who count see what the books say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookVisibility {
    Blind,
    Open,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    pub id: CountId,
    /// Per tenant, without gaps; 0 until it is written.
    pub number: i64,
    pub kind: CountKind,
    pub status: CountStatus,
    pub store: StoreId,
    /// Of a count of one category.
    pub category: Option<CategoryId>,
    /// Of a cycle count.
    pub class: Option<AbcClass>,
    pub sight: BookVisibility,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub started_at: Option<Timestamp>,
    pub submitted_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub actor: Actor,
    pub approver: Option<Actor>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub exists: bool,
}

/// What a line is of: a product, and the lot where its stock is kept by them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKey {
    pub product: ProductId,
    /// The lot's code as it is unique in the product. Empty where stock is not kept by lots, and for what is there of a product without any lot.
    pub lot: String,
}

impl LineKey {
    /// Of a product without a lot.
    pub fn of(product: ProductId) -> Self {
        Self { product, lot: String::new() }
    }
    pub fn is_of_a_lot(&self) -> bool {
        !self.lot.is_empty()
    }
}

/// The lot of a line. One that the books do not know is only named, and made when the count is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedLot {
    pub id: Option<LotId>,
    pub code: String,
    /// The code as it is unique in the product.
    pub key: String,
    /// The dates of one that the books do not know.
    pub made_on: Option<i32>,
    pub expires_on: Option<i32>,
}

impl CountedLot {
    /// One that the books know.
    pub fn known(id: LotId, code: &str, key: &str) -> Self {
        Self { id: Some(id), code: code.to_owned(), key: key.to_owned(), made_on: None, expires_on: None }
    }
}

/// What is counted of one product, or of one of its lots. A product that is kept by lots and has none in stock has a line without a lot, which
/// only says that nothing was there; unless somebody counted it, it goes when a lot of the product gets a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: CountLineId,
    pub product: ProductId,
    pub lot: Option<CountedLot>,
    /// As they were when the line was made.
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    /// Whether it was on the list, or only found.
    pub expected: Expected,
    pub state: CountLineState,
    /// How many times it was counted.
    pub attempts: i64,
    /// The last of them.
    pub tally: Option<Tally>,
    /// For one whole unit, when it was counted last.
    pub unit_cost: Option<Money>,
    /// What the approved count put on the books; None before that, and for what was not counted.
    pub posted: Option<i64>,
    pub exists: bool,
}

impl Line {
    pub fn key(&self) -> LineKey {
        LineKey { product: self.product, lot: self.lot.as_ref().map(|lot| lot.key.clone()).unwrap_or_default() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Listed,
    Found,
}

/// What somebody found, and what the books had at that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub counted: Quantity,
    pub counted_at: Timestamp,
    /// On hand of the product or lot at `counted_at`, as it was known when the tally was recorded; below 0 where a removal was dated before its receipt.
    pub book: i64,
    /// The level's version when the tally was recorded: what arrives behind it and happened before `counted_at` is added to `book`.
    pub book_version: i64,
}

/// One of the times that a line was counted; kept for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    pub of: LineKey,
    pub attempt: i64,
    pub tally: Tally,
    pub actor: Actor,
    pub note: Option<String>,
}

/// Whether a line is still to be counted.
pub fn is_open(line: &Line) -> bool {
    line.state != CountLineState::Counted
}

impl Count {
    pub fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
    }
    /// Checks the version that the caller saw.
    pub fn expect(&self, version: Option<i64>) -> Result<(), Rejection> {
        match version {
            Some(expected) if expected != self.version => Err(Rejection::stale(Noun::Count, self.id.uuid(), self.version)),
            _ => Ok(()),
        }
    }
}

/// The counts that a batch has loaded and locked, with as much of them as its commands asked for.
#[derive(Debug, Clone, Default)]
pub struct CountBook {
    pub counts: HashMap<CountId, Count>,
    pub lines: HashMap<CountId, HashMap<LineKey, Line>>,
    /// How many lines are still to be counted.
    pub open: HashMap<CountId, i64>,
    /// How far the books of then are from what a line's tally says, by what has become known since: what arrived behind it, and what other
    /// counts posted.
    pub late: HashMap<(CountId, LineKey), i64>,
    /// Who counted.
    pub counters: HashMap<CountId, Vec<Actor>>,
    /// On hand at an earlier moment, where a tally is of then.
    pub past: HashMap<(ProductId, StoreId, Timestamp), i64>,
    /// The same of lots; one that had nothing then is left out.
    pub lots_past: HashMap<(LotId, StoreId, Timestamp), i64>,
    pub taken_refs: std::collections::HashSet<String>,
}

impl CountBook {
    pub fn line(&self, count: CountId, key: &LineKey) -> Option<&Line> {
        self.lines.get(&count)?.get(key)
    }
    /// The lines of a product that are loaded, by their lots.
    pub fn lines_of(&self, count: CountId, product: ProductId) -> Vec<&Line> {
        let all = self.lines.get(&count).into_iter().flat_map(HashMap::values);
        let mut found: Vec<&Line> = all.filter(|line| line.product == product).collect();
        found.sort_by_cached_key(|line| line.key());
        found
    }
    /// What the books had when the line was counted, with what is known by now.
    pub fn book_of(&self, count: CountId, line: &Line) -> Option<i64> {
        Some(line.tally?.book + self.late.get(&(count, line.key())).copied().unwrap_or(0))
    }
    /// Brings the counts forward by an accepted decision.
    pub fn evolve(&mut self, decision: &CountDecision) {
        let id = decision.count.id;
        self.taken_refs.extend(decision.count.external_ref.clone());
        self.counts.insert(id, decision.count.clone());
        for line in &decision.lines {
            let before = self.lines.entry(id).or_default().insert(line.key(), line.clone());
            let change = i64::from(is_open(line)) - i64::from(before.as_ref().is_some_and(is_open));
            *self.open.entry(id).or_default() += change;
            if before.is_none_or(|before| before.tally != line.tally) {
                self.late.remove(&(id, line.key()));
            }
        }
        for key in &decision.gone {
            if self.lines.entry(id).or_default().remove(key).as_ref().is_some_and(is_open) {
                *self.open.entry(id).or_default() -= 1;
            }
        }
        self.counters.entry(id).or_default().extend(decision.tries.iter().map(|one| one.actor));
    }
}

/// What an accepted step made of a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountDecision {
    pub count: Count,
    /// The lines that it changed or made.
    pub lines: Vec<Line>,
    /// The lines that it removed: nobody had counted them.
    pub gone: Vec<LineKey>,
    pub tries: Vec<Try>,
    /// What the journal calls it.
    pub event: EventType<CountEvent>,
    /// Where it stood before; None for a new one.
    pub before: Option<CountStatus>,
}
