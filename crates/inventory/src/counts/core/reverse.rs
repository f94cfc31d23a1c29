//! Reversing an approved count: its postings are reversed, and the last count of its levels is
//! again the one before it.

use std::collections::BTreeSet;

use entity::prelude::*;
use uuid::Uuid;

use super::{
    book::{CountBook, CountDecision, CountsSince},
    count::{Count, CountState, Line, LineKey, LineState},
    needs::{CountNeeds, CountToReverse},
    refusal::Refusal,
};
use crate::{
    counts::events::COUNT_REVERSED,
    ledger::{Books, Decide, Decision, EXCLUSIVE_WEIGHT, Needs},
    reversals::core::{
        Call, DependencyReason, DependentDocument, Dependents, Original, Part, Refusal as ReversalRefusal, RequestedLine,
        Reversal, ReversalBook, ReversalDecision, Subject, level_effects, needs as mirror_needs, post_mirror, select_entries,
    },
    stock::core::{At, Draft, Entry, Field, LevelKey, Movement, Noun, Reference, ReferenceKind, Rejection, RoomRefusal},
};

/// A count to reverse, as it was read: refused as stale if it changed meanwhile.
#[derive(Debug, Clone)]
pub struct ReverseCount {
    pub expected_version: Option<i64>,
    /// Version of the count at which the other fields were read.
    pub seen: i64,
    pub undone: CountToReverse,
    /// Products of all lines that it posted.
    pub products: Vec<ProductId>,
    /// Lots of its lines.
    pub lots: Vec<LotId>,
    /// Movements that the count posted, one for each part.
    pub originals: Vec<Movement>,
    /// Lines to reverse; None for all that are left.
    pub lines: Option<Vec<RequestedLine>>,
    pub call: Call,
}

#[derive(Debug, Clone)]
pub struct CountReversal(pub Box<ReverseCount>);

impl Decide for CountReversal {
    fn name(&self) -> &'static str {
        "count.reverse"
    }

    /// A reversal depends on counts and entries in the database: it is decided in a batch of its
    /// own.
    fn weight(&self) -> usize {
        EXCLUSIVE_WEIGHT
    }

    fn needs(&self, needs: &mut Needs) {
        let ReverseCount { undone, products, lots, originals, call, .. } = self.0.as_ref();
        needs.lots.ids.extend(lots);
        needs.levels.extend(products.iter().map(|product| LevelKey { product: *product, store: undone.store }));
        mirror_needs(needs, originals, call.on_shortage);
        needs.documents.with(|count_needs: &mut CountNeeds| {
            count_needs.counts.push(undone.count);
            count_needs.lines.entry(undone.count).or_default().extend(products);
            count_needs.undone.push(undone.clone());
        });
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let (count, reversal) =
            books.read(|book: &CountBook| books.read(|reversed: &ReversalBook| decide(book, reversed, draft, &self.0)))?;
        let mut decision = Decision::of(count);
        decision.documents.put(ReversalDecision { reversal });
        Ok(decision)
    }
}

fn decide(
    book: &CountBook,
    reversed: &ReversalBook,
    draft: &mut Draft<'_>,
    command: &ReverseCount,
) -> Result<(CountDecision, Reversal), Rejection> {
    let ReverseCount { undone, originals, call, .. } = command;
    let field = At::input(Field::Document);
    let missing = || Rejection::not_found(Noun::Document, field);
    let mut count = book.counts.get(&undone.count).ok_or_else(missing)?.clone();
    count.expect(Some(command.seen))?;
    count.expect(command.expected_version)?;
    let CountState::Completed { completed_at, .. } = count.state else {
        return Err(Refusal::Status(count.status()).at(field));
    };
    check_no_partial_lines(command)?;
    let posted_lines = find_posted_lines(book, count.id);
    let parts = select_entries(draft, &pair_originals(&posted_lines, originals), reversed, command.lines.as_deref())?;
    let lines: Vec<&Line> = posted_lines.into_iter().filter(|line| matches!(line.state, LineState::Posted(..))).collect();
    let occurred_at = call.moment(draft, completed_at)?;
    let chosen_ids = select_lines(&lines, command, &parts);
    check_no_dependents(book.undone.get(&count.id))?;
    restore_count_times(draft, &count, (&lines, &chosen_ids), book.undone.get(&count.id));
    let mirrored_lines = post_mirror(draft, (call, occurred_at), originals, &parts)?;
    count.touch(draft.now());
    let effects = level_effects(draft, parts.iter().map(|part| part.entry.key), &parts)?;
    let first = parts.first().map(|part| part.entry.key).ok_or_else(missing)?;
    let id: Uuid = count.id.uuid();
    let subject = Subject { kind: ReversedKind::Count, part: id, document: id, store: count.store, other_store: None };
    let reversal = Reversal::of(draft, (call, subject), (occurred_at, first), mirrored_lines, effects)?;
    let changed =
        lines.into_iter().filter(|line| chosen_ids.contains(&line.id)).map(|line| reverse_line(line, occurred_at)).collect();
    let decision = CountDecision {
        count,
        made: Vec::new(),
        changed,
        gone: Vec::new(),
        tries: Vec::new(),
        event: COUNT_REVERSED,
        before: Some(CountStatus::Completed),
        first: None,
    };
    Ok((decision, reversal))
}

/// The lines that were posted.
fn find_posted_lines(book: &CountBook, count: CountId) -> Vec<&Line> {
    let count_lines = book.lines.get(&count).into_iter().flat_map(|lines| lines.values());
    let mut lines: Vec<&Line> = count_lines.filter(|line| line.state.posted_difference().is_some()).collect();
    lines.sort_by_cached_key(|line| line.key());
    lines
}

fn reverse_line(line: &Line, at: Timestamp) -> Line {
    let state = match line.state {
        LineState::Posted(finding, difference) => LineState::Reversed(finding, difference, at),
        state => state,
    };
    Line { state, ..line.clone() }
}

fn lot_of(line: &Line) -> Option<LotId> {
    line.lot.as_ref().and_then(|lot| lot.id)
}

/// Pairs each stock entry with the line that posted it: the line of its product, and of its lot if
/// stock is kept by lots.
fn pair_originals(lines: &[&Line], originals: &[Movement]) -> Vec<Original> {
    let line_of_entry = |entry: &Entry| {
        let is_same_lot = |line: &&&Line| line.product == entry.key.product && lot_of(line) == entry.lot;
        lines.iter().find(is_same_lot)
    };
    let entries = originals.iter().flat_map(|movement| movement.entries.iter().map(move |entry| (movement.id, entry)));
    let on_hand_entries = entries.filter(|(_, entry)| entry.on_hand_delta != 0);
    on_hand_entries
        .filter_map(|(movement, entry)| Some(Original { line: line_of_entry(entry)?.id.uuid(), movement, entry: entry.clone() }))
        .collect()
}

/// Refuses a part of a line.
fn check_no_partial_lines(command: &ReverseCount) -> Result<(), Rejection> {
    let in_part = command
        .lines
        .iter()
        .flatten()
        .position(|requested_line| requested_line.quantity.is_some() || requested_line.lot.is_some());
    in_part.map_or(Ok(()), |index| Err(ReversalRefusal::LineWhole.at(At::line(index).field(Field::Quantity))))
}

/// Returns the lines to reverse: the named ones; else all that are not reversed, also those without
/// a difference.
fn select_lines(lines: &[&Line], command: &ReverseCount, parts: &[Part]) -> BTreeSet<CountLineId> {
    match command.lines {
        None => lines.iter().map(|line| line.id).collect(),
        Some(_) => parts.iter().map(|part| CountLineId::from_uuid(part.line)).collect(),
    }
}

/// Refuses to reverse a count while a later count of its products is not reversed, or a correction
/// of a late fact depends on it: neither would be right without it.
fn check_no_dependents(since: Option<&CountsSince>) -> Result<(), Rejection> {
    let Some(since) = since else { return Ok(()) };
    let (reason, documents): (DependencyReason, Vec<DependentDocument>) = if !since.later.is_empty() {
        let count_document =
            |count: &CountId| DependentDocument::Document(Reference { kind: ReferenceKind::Count, id: count.uuid() });
        (DependencyReason::LaterCount, since.later.iter().map(count_document).collect())
    } else if !since.late.is_empty() {
        (DependencyReason::LateFacts, since.late.iter().copied().map(DependentDocument::Movement).collect())
    } else {
        return Ok(());
    };
    let count = documents.len();
    let dependents = Dependents { why: reason, documents: documents.into_iter().take(10).collect(), count };
    Err(ReversalRefusal::InUse(dependents).at(At::input(Field::Document)))
}

/// Resets the times of the last count of levels and lots to those of the lines and counts that are
/// not reversed.
fn restore_count_times(
    draft: &mut Draft<'_>,
    count: &Count,
    (lines, chosen_ids): (&[&Line], &BTreeSet<CountLineId>),
    since: Option<&CountsSince>,
) {
    let counted_at = |line: &Line| line.state.tally().map(|tally| tally.counted_at);
    let (reversed_lines, kept_lines): (Vec<&Line>, Vec<&Line>) =
        lines.iter().copied().partition(|line| chosen_ids.contains(&line.id));
    let latest_other_count = |is_match: &dyn Fn(&LineKey) -> bool| {
        let last_counts = since.into_iter().flat_map(|since| &since.standing);
        last_counts.filter(|(key, _)| is_match(key)).map(|(_, at)| *at).max()
    };
    let products: BTreeSet<ProductId> = reversed_lines.iter().map(|line| line.product).collect();
    for product in products {
        let latest_kept = kept_lines.iter().filter(|line| line.product == product).filter_map(|line| counted_at(line)).max();
        let latest_of_others = latest_other_count(&|key: &LineKey| key.product == product);
        draft.reset_last_count(LevelKey { product, store: count.store }, latest_kept.max(latest_of_others));
    }
    for line in reversed_lines {
        let Some(lot) = lot_of(line) else { continue };
        let own_key = line.key();
        draft.reset_last_lot_count(
            LevelKey { product: line.product, store: count.store },
            lot,
            latest_other_count(&|key: &LineKey| *key == own_key),
        );
    }
}
