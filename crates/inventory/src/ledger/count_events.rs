//! Counts in a batch: what of them is loaded, and what the journal says of them.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use platform::storage::{Fault, Reads, group_commit::MAX_WEIGHT, journal::NewEvent};

use super::command::Footprint;
use crate::{
    counts::{
        core::{Count, CountBook, CountDecision, Line, LineKey, Step, Steps},
        events::CountEvent,
        rows::{self, Written},
    },
    stock::{
        core::LevelKey,
        rows::{BLOCK, past},
    },
};

/// What commands on counts need besides levels.
#[derive(Debug, Default)]
pub struct CountFootprint {
    pub counts: Vec<CountId>,
    /// Lines of these products.
    pub lines: BTreeMap<CountId, Vec<ProductId>>,
    /// All lines, what arrived behind them, and who counted.
    pub whole: Vec<CountId>,
    /// On hand at an earlier moment. A level is in it once, however many of its lots are told.
    pub past: BTreeMap<Timestamp, BTreeSet<LevelKey>>,
    pub refs: Vec<String>,
}

impl CountFootprint {
    pub fn of(steps: &Steps, keys: &[LevelKey]) -> Self {
        let mut own = Self { counts: vec![steps.count], ..Self::default() };
        match &steps.step {
            Step::Create(new) => own.refs.extend(new.external_ref.clone()),
            Step::Record(record) => {
                own.lines.insert(steps.count, record.tallied.iter().map(|one| one.product).collect());
                own.past.extend(record.counted_at.map(|at| (at, keys.iter().copied().collect())));
            }
            // A LIST's lines without a lot give way to those of the lots that lie there.
            Step::Start(lines) => {
                let products: BTreeSet<ProductId> =
                    lines.iter().filter(|line| line.lot.is_some()).map(|line| line.product).collect();
                if !products.is_empty() {
                    own.lines.insert(steps.count, products.into_iter().collect());
                }
            }
            Step::Recount(Some(products)) => drop(own.lines.insert(steps.count, products.clone())),
            step if step.needs_all_lines() => own.whole.push(steps.count),
            _ => {}
        }
        own
    }
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
    pub fn absorb(&mut self, own: Self) {
        self.counts.extend(own.counts);
        for (count, products) in own.lines {
            self.lines.entry(count).or_default().extend(products);
        }
        self.whole.extend(own.whole);
        for (at, keys) in own.past {
            self.past.entry(at).or_default().extend(keys);
        }
        self.refs.extend(own.refs);
    }
}

/// How much of a batch a step takes. One that rests on entries that are in the database already is decided in a batch of its own.
pub fn weight(steps: &Steps, keys: &[LevelKey]) -> usize {
    match &steps.step {
        Step::Record(record) if record.counted_at.is_none() => keys.len(),
        Step::Start(lines) => lines.len(),
        Step::Record(_) | Step::Approve(_) | Step::Recount(_) => MAX_WEIGHT + 1,
        Step::Create(_) | Step::Submit(_) | Step::Cancel(_) => keys.len(),
    }
}

/// What the locks on counts and levels protect, and references that are taken.
pub async fn load(reads: &impl Reads, footprint: &Footprint, counts: Vec<Count>) -> Result<CountBook, Fault> {
    let wanted = &footprint.count;
    let mut book = CountBook { counts: counts.into_iter().map(|count| (count.id, count)).collect(), ..CountBook::default() };
    book.open = rows::open_lines(reads, &wanted.counts).await?;
    for (count, products) in &wanted.lines {
        book.lines.insert(*count, rows::lines(reads, *count, Some(products)).await?);
    }
    for count in &wanted.whole {
        book.lines.insert(*count, rows::lines(reads, *count, None).await?);
        book.late.extend(rows::late(reads, *count).await?);
        book.counters.insert(*count, rows::counters(reads, *count).await?);
    }
    for (at, keys) in &wanted.past {
        let keys: &[LevelKey] = &keys.iter().copied().collect::<Vec<_>>();
        let found = past(reads, keys, *at, None, BLOCK).await?;
        book.lots_past.extend(rows::lots_past(reads, keys, *at).await?);
        book.past.extend(keys.iter().zip(found).map(|(key, then)| ((key.product, key.store, *at), then.on_hand.get())));
        for (key, lot, posted) in rows::posted_since(reads, keys, *at).await? {
            let then = match lot {
                Some(lot) => book.lots_past.entry((lot, key.store, *at)).or_default(),
                None => book.past.entry((key.product, key.store, *at)).or_default(),
            };
            *then += posted;
        }
    }
    let references: Vec<&str> = wanted.refs.iter().map(String::as_str).collect();
    book.taken_refs = rows::taken_refs(reads, &references).await?;
    Ok(book)
}

/// The rows of a batch's counts: each once, as the last command left it; whether it has one is what the first one saw.
pub fn written<'a>(decisions: impl Iterator<Item = &'a CountDecision> + Clone) -> Written<'a> {
    let mut counts: BTreeMap<CountId, &Count> = BTreeMap::new();
    let mut lines: BTreeMap<(CountId, LineKey), &Line> = BTreeMap::new();
    let mut gone: BTreeSet<(CountId, &LineKey)> = BTreeSet::new();
    let mut written = Written::default();
    for decision in decisions {
        let id = decision.count.id;
        counts.insert(id, &decision.count);
        lines.extend(decision.lines.iter().map(|line| ((id, line.key()), line)));
        for key in &decision.gone {
            // One that the batch made itself is not written at all.
            if lines.remove(&(id, key.clone())).is_none_or(|line| line.exists) {
                gone.insert((id, key));
            }
        }
        written.tries.extend(decision.tries.iter().map(|one| (id, one)));
    }
    written.counts = counts.into_values().collect();
    written.gone = gone.into_iter().collect();
    written.lines = lines.into_iter().map(|((id, _), line)| (id, line)).collect();
    written
}

pub fn count_event(decision: &CountDecision) -> NewEvent {
    let count = &decision.count;
    let payload = CountEvent {
        count: count.id,
        number: count.number,
        kind: count.kind,
        status: count.status,
        store: count.store,
        version: count.version,
        lines: decision.lines.len(),
        before: decision.before,
    };
    decision.event.event(&payload)
}
