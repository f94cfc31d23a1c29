//! Undoing an approved count: what it put on the books goes off them again, and its levels count as counted when the count before it says.

use std::collections::{BTreeSet, HashMap};

use entity::prelude::*;
use uuid::Uuid;

use super::{
    command::CountNeeds,
    count::{Count, CountBook, CountDecision, CountState, Line, LineKey, LineState},
    refusal::Refusal,
};
use crate::{
    counts::events::COUNT_REVERSED,
    ledger::{ALONE, Books, Decide, Decision, Needs},
    reversals::core::{
        Call, Named, Original, Part, Refusal as ReversalRefusal, Resting, Rests, Reversal, ReversalBook, ReversalDecision,
        Subject, Wanted, choose, level_effects, mirror, needs as mirror_needs,
    },
    stock::core::{At, Draft, Entry, Field, LevelKey, Movement, Noun, Reference, ReferenceKind, Rejection, RoomRefusal},
};

/// A count whose products are asked for: what other counts say of them.
#[derive(Debug, Clone)]
pub struct Undone {
    pub count: CountId,
    pub store: StoreId,
    /// Those of the lines that are undone.
    pub products: Vec<ProductId>,
    pub completed_at: Timestamp,
    /// The event of the first movement that it posted.
    pub seq: i64,
}

/// What other counts, and facts that came late, say of the products of a count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CountsSince {
    /// When the other counts that stand last counted a product or lot.
    pub standing: HashMap<LineKey, Timestamp>,
    /// Counts that were approved since, the newest first.
    pub later: Vec<CountId>,
    /// Movements that balance facts from before a count, made since; the newest first.
    pub late: Vec<MovementId>,
}

/// A count to undo, as it was read: it is refused as stale when it changed meanwhile.
#[derive(Debug, Clone)]
pub struct ReverseCount {
    pub expected_version: Option<i64>,
    /// The version that everything else was read at.
    pub seen: i64,
    pub undone: Undone,
    /// Products of all lines that it posted.
    pub products: Vec<ProductId>,
    /// Lots of its lines.
    pub lots: Vec<LotId>,
    /// What it posted, in parts.
    pub originals: Vec<Movement>,
    /// None: all that is left of it.
    pub lines: Option<Vec<Wanted>>,
    pub call: Call,
}

#[derive(Debug, Clone)]
pub struct CountReversal(pub Box<ReverseCount>);

impl Decide for CountReversal {
    fn name(&self) -> &'static str {
        "count.reverse"
    }

    /// It rests on counts and entries that are in the database already: it is decided in a batch of its own.
    fn weight(&self) -> usize {
        ALONE
    }

    fn needs(&self, needs: &mut Needs) {
        let ReverseCount { undone, products, lots, originals, call, .. } = self.0.as_ref();
        needs.lots.ids.extend(lots);
        needs.levels.extend(products.iter().map(|product| LevelKey { product: *product, store: undone.store }));
        mirror_needs(needs, originals, call.on_shortage);
        needs.documents.with(|own: &mut CountNeeds| {
            own.counts.push(undone.count);
            own.lines.entry(undone.count).or_default().extend(products);
            own.undone.push(undone.clone());
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
    goes_back_whole(command)?;
    let posted = posted(book, count.id);
    let parts = choose(draft, &originals_of(&posted, originals), reversed, command.lines.as_deref())?;
    let lines: Vec<&Line> = posted.into_iter().filter(|line| matches!(line.state, LineState::Posted(..))).collect();
    let occurred_at = call.moment(draft, completed_at)?;
    let chosen = chosen(&lines, command, &parts);
    rests(book.undone.get(&count.id))?;
    give_back_moments(draft, &count, (&lines, &chosen), book.undone.get(&count.id));
    let mirrored = mirror(draft, (call, occurred_at), originals, &parts)?;
    count.touch(draft.now());
    let effects = level_effects(draft, parts.iter().map(|part| part.entry.key), &parts)?;
    let first = parts.first().map(|part| part.entry.key).ok_or_else(missing)?;
    let id: Uuid = count.id.uuid();
    let subject = Subject { kind: ReversedKind::Count, part: id, document: id, store: count.store, other_store: None };
    let reversal = Reversal::of(draft, (call, subject), (occurred_at, first), mirrored, effects)?;
    let changed = lines.into_iter().filter(|line| chosen.contains(&line.id)).map(|line| undo(line, occurred_at)).collect();
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
fn posted(book: &CountBook, count: CountId) -> Vec<&Line> {
    let all = book.lines.get(&count).into_iter().flat_map(|lines| lines.values());
    let mut lines: Vec<&Line> = all.filter(|line| line.state.posted().is_some()).collect();
    lines.sort_by_cached_key(|line| line.key());
    lines
}

fn undo(line: &Line, at: Timestamp) -> Line {
    let state = match line.state {
        LineState::Posted(finding, difference) => LineState::Reversed(finding, difference, at),
        state => state,
    };
    Line { state, ..line.clone() }
}

fn lot_of(line: &Line) -> Option<LotId> {
    line.lot.as_ref().and_then(|lot| lot.id)
}

/// Which of the lines posted which entries: those of its product, and of its lot where stock is kept by them.
fn originals_of(lines: &[&Line], originals: &[Movement]) -> Vec<Original> {
    let of = |entry: &Entry| {
        let is_of = |line: &&&Line| line.product == entry.key.product && lot_of(line) == entry.lot;
        lines.iter().find(is_of)
    };
    let entries = originals.iter().flat_map(|movement| movement.entries.iter().map(move |entry| (movement.id, entry)));
    let own = entries.filter(|(_, entry)| entry.on_hand_delta != 0);
    own.filter_map(|(movement, entry)| Some(Original { line: of(entry)?.id.uuid(), movement, entry: entry.clone() })).collect()
}

/// Refuses a part of a line.
fn goes_back_whole(command: &ReverseCount) -> Result<(), Rejection> {
    let in_part = command.lines.iter().flatten().position(|one| one.quantity.is_some() || one.lot.is_some());
    in_part.map_or(Ok(()), |index| Err(ReversalRefusal::LineWhole.at(At::line(index).field(Field::Quantity))))
}

/// The lines that are undone: those that are named; else all that stand, also those that were right.
fn chosen(lines: &[&Line], command: &ReverseCount, parts: &[Part]) -> BTreeSet<CountLineId> {
    match command.lines {
        None => lines.iter().map(|line| line.id).collect(),
        Some(_) => parts.iter().map(|part| CountLineId::from_uuid(part.line)).collect(),
    }
}

/// A count stands while a later one of its products does, and while facts are balanced that came late: neither would be right without it.
fn rests(since: Option<&CountsSince>) -> Result<(), Rejection> {
    let Some(since) = since else { return Ok(()) };
    let (why, documents): (Resting, Vec<Named>) = if !since.later.is_empty() {
        let named = |count: &CountId| Named::Document(Reference { kind: ReferenceKind::Count, id: count.uuid() });
        (Resting::LaterCount, since.later.iter().map(named).collect())
    } else if !since.late.is_empty() {
        (Resting::LateFacts, since.late.iter().copied().map(Named::Movement).collect())
    } else {
        return Ok(());
    };
    let count = documents.len();
    let rests = Rests { why, documents: documents.into_iter().take(10).collect(), count };
    Err(ReversalRefusal::InUse(rests).at(At::input(Field::Document)))
}

/// Levels and lots count as counted when what stands of this and of other counts says.
fn give_back_moments(
    draft: &mut Draft<'_>,
    count: &Count,
    (lines, chosen): (&[&Line], &BTreeSet<CountLineId>),
    since: Option<&CountsSince>,
) {
    let counted_at = |line: &Line| line.state.tally().map(|tally| tally.counted_at);
    let (undone, kept): (Vec<&Line>, Vec<&Line>) = lines.iter().copied().partition(|line| chosen.contains(&line.id));
    let of_others = |is: &dyn Fn(&LineKey) -> bool| {
        let standing = since.into_iter().flat_map(|since| &since.standing);
        standing.filter(|(key, _)| is(key)).map(|(_, at)| *at).max()
    };
    let products: BTreeSet<ProductId> = undone.iter().map(|line| line.product).collect();
    for product in products {
        let own = kept.iter().filter(|line| line.product == product).filter_map(|line| counted_at(line)).max();
        let others = of_others(&|key: &LineKey| key.product == product);
        draft.uncounted(LevelKey { product, store: count.store }, own.max(others));
    }
    for line in undone {
        let Some(lot) = lot_of(line) else { continue };
        let own = line.key();
        draft.uncounted_lot(LevelKey { product: line.product, store: count.store }, lot, of_others(&|key: &LineKey| *key == own));
    }
}
