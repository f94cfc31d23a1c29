//! Counts as documents of the ledger.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use entity::prelude::*;
use platform::{
    audit::Target,
    storage::{
        Fault,
        journal::{Counter, CounterRequest, NewEvent, Numbered},
    },
};
use serde::{Deserialize, Serialize};

use super::{
    core::{Count, CountBook, CountDecision, CountNeeds, Line, LineKey},
    events::{COUNT_CREATED, CountEvent},
    rows::{self, CountChanges, RowWrite},
};
use crate::{
    ledger::{Document, DocumentPhase, Rows, Source},
    stock::{
        core::LevelKey,
        rows::{BLOCK_VERSIONS, load_on_hand_at},
    },
};

/// Counts as a kind of document.
pub struct Counts;

/// Part of a receipt that belongs to a count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCount {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<CountId>,
}

#[async_trait]
impl Document for Counts {
    type Needs = CountNeeds;
    type Book = CountBook;
    type Decision = CountDecision;
    type Memory = ();
    type Stored = StoredCount;

    const LOCK_PHASE: DocumentPhase = DocumentPhase::AfterLots;
    const NUMBER_PHASE: DocumentPhase = DocumentPhase::AfterLots;

    fn needs_locks(_needs: &CountNeeds) -> bool {
        true
    }

    /// Loads the rows that the locks on counts and levels protect.
    async fn load(reads: &Source<'_>, needs: &CountNeeds, book: &mut CountBook) -> Result<(), Fault> {
        let counts = match reads {
            Source::Locked(work) => rows::lock_counts(*work, &needs.counts).await?,
            Source::Committed(scope) => rows::load_counts(*scope, &needs.counts).await?,
        };
        book.counts = counts.into_iter().map(|count| (count.id, count)).collect();
        book.open = rows::count_open_lines(reads, &needs.counts).await?;
        for (count, products) in &needs.lines {
            book.lines.insert(*count, rows::load_lines(reads, *count, Some(products)).await?);
        }
        for count in &needs.whole {
            book.lines.insert(*count, rows::load_lines(reads, *count, None).await?);
            book.late.extend(rows::load_book_corrections(reads, *count).await?);
            book.counters.insert(*count, rows::load_counters(reads, *count).await?);
        }
        book.under_way = rows::load_counts_under_way(reads, &needs.begun).await?;
        for reversed_count in &needs.undone {
            book.undone.insert(reversed_count.count, rows::counts_since(reads, reversed_count).await?);
        }
        for (at, keys) in &needs.past {
            let keys: &[LevelKey] = &keys.iter().copied().collect::<Vec<_>>();
            let past_levels = load_on_hand_at(reads, keys, *at, None, BLOCK_VERSIONS).await?;
            book.lots_past.extend(rows::load_past_lot_quantities(reads, keys, *at).await?);
            book.past.extend(
                keys.iter().zip(past_levels).map(|(key, past_level)| ((key.product, key.store, *at), past_level.on_hand.get())),
            );
            for (key, lot, posted_units) in rows::load_posted_since(reads, keys, *at).await? {
                let past_quantity = match lot {
                    Some(lot) => book.lots_past.entry((lot, key.store, *at)).or_default(),
                    None => book.past.entry((key.product, key.store, *at)).or_default(),
                };
                *past_quantity += posted_units;
            }
        }
        Ok(())
    }

    async fn load_names(reads: &Source<'_>, needs: &CountNeeds, book: &mut CountBook) -> Result<(), Fault> {
        let references: Vec<&str> = needs.refs.iter().map(String::as_str).collect();
        book.taken_refs = rows::find_used_references(reads, &references).await?;
        Ok(())
    }

    fn evolve(book: &mut CountBook, decision: &CountDecision) {
        book.evolve(decision);
    }

    fn facts(decision: &CountDecision) -> usize {
        1 + usize::from(decision.first.is_some())
    }

    fn request_numbers(decision: &CountDecision, counter_request: CounterRequest) -> CounterRequest {
        decision.count.number.request_numbers(Numbered::Count, counter_request)
    }

    fn number(decision: &mut CountDecision, counter: &mut Counter) {
        decision.count.number.assign(Numbered::Count, counter);
    }

    fn events(decision: &CountDecision) -> Vec<NewEvent> {
        count_events(decision)
    }

    fn rows(tenant: TenantId, decisions: &[&CountDecision], now: Timestamp) -> Rows {
        let rows = rows::count_rows(tenant, &changes(decisions.iter().copied()), now);
        Rows { rest: rows.into_iter().collect(), ..Rows::default() }
    }

    fn target(decision: &CountDecision) -> Option<Target> {
        Some(Target::of(decision.count.id))
    }

    fn stored_part(decision: &CountDecision) -> StoredCount {
        StoredCount { count: Some(decision.count.id) }
    }
}

/// Returns the rows of a batch's counts: each once, in the state after the last command; the first
/// command determines whether it is new.
fn changes<'a>(decisions: impl Iterator<Item = &'a CountDecision>) -> CountChanges<'a> {
    let mut counts: BTreeMap<CountId, (&Count, RowWrite)> = BTreeMap::new();
    let mut lines: BTreeMap<(CountId, LineKey), (&Line, RowWrite)> = BTreeMap::new();
    let mut deleted_lines: BTreeSet<(CountId, &LineKey)> = BTreeSet::new();
    let mut changes = CountChanges::default();
    for decision in decisions {
        let id = decision.count.id;
        let written = if decision.before.is_none() { RowWrite::New } else { RowWrite::Changed };
        counts.entry(id).or_insert((&decision.count, written)).0 = &decision.count;
        lines.extend(decision.made.iter().map(|line| ((id, line.key()), (line, RowWrite::New))));
        for line in &decision.changed {
            lines.entry((id, line.key())).or_insert((line, RowWrite::Changed)).0 = line;
        }
        for key in &decision.gone {
            // A line that the batch itself created is not written at all.
            if lines.remove(&(id, key.clone())).is_none_or(|(_, written)| written == RowWrite::Changed) {
                deleted_lines.insert((id, key));
            }
        }
        changes.tries.extend(decision.tries.iter().map(|attempt| (id, attempt)));
    }
    changes.counts = counts.into_values().collect();
    changes.gone = deleted_lines.into_iter().collect();
    changes.lines = lines.into_iter().map(|((id, _), (line, written))| (id, line, written)).collect();
    changes
}

/// Returns the events of a step; for a new count that was started at once, first that of its
/// creation.
fn count_events(decision: &CountDecision) -> Vec<NewEvent> {
    let (count, first) = (&decision.count, decision.first);
    let last = CountEvent {
        count: count.id,
        number: count.number.get(),
        kind: count.selection.kind(),
        status: count.status(),
        store: count.store,
        version: count.version,
        lines: decision.lines().count(),
        before: decision.before.or(first.map(|first| first.status)),
    };
    let created_event = first.map(|first| {
        let (status, version, lines) = (first.status, first.version, first.lines);
        COUNT_CREATED.event(&CountEvent { status, version, lines, before: None, ..last.clone() })
    });
    created_event.into_iter().chain([decision.event.event(&last)]).collect()
}
