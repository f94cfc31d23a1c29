//! Posting the differences of an approved count.

use std::collections::HashMap;

use entity::prelude::*;

use super::{
    book::CountBook,
    count::{Count, CountState, Finding, Line, LineState, Stage, not_open},
    refusal::Refusal,
    step::Approval,
};
use crate::stock::core::{
    At, Delta, Draft, Field, Level, LevelKey, LotChoice, LotLevel, MovementHead, Posting, Reference, ReferenceKind, Rejection,
    RoomRefusal, Shortage, Step, ensure_available,
};

/// Differences in one movement: its event goes to subscribers whole, as that of any other call.
pub const DIFFERENCES_PER_MOVEMENT: usize = 500;

/// A line that was counted.
struct Counted {
    line: Line,
    finding: Finding,
    /// Counted quantity less the book quantity at that moment.
    difference: i64,
}

/// A line with a difference.
struct DifferingLine {
    key: LevelKey,
    lot: LotChoice,
    difference: i64,
}

/// Posts every counted line's difference on the current book quantity. A count is a fact:
/// reservations give way to it.
pub(super) fn approve(
    book: &CountBook,
    draft: &mut Draft<'_>,
    count: &mut Count,
    (actor, approval): (Actor, &Approval),
) -> Result<Vec<Line>, Rejection> {
    let CountState::Active(Stage::Review { started_at, submitted_at }) = count.state else { return Err(not_open(count)) };
    let mut lines = counted(book, count.id);
    if lines.is_empty() {
        return Err(Refusal::NothingCounted.at(At::input(Field::Id)));
    }
    let mut off = Vec::new();
    for Counted { line, finding, difference } in &lines {
        let (tally, difference) = (finding.tally, *difference);
        let key = LevelKey { product: line.product, store: count.store };
        if difference != 0 {
            off.push(DifferingLine { key, lot: choice(draft, approval, line), difference });
        }
        if difference != 0 || draft.level(key, At::NOWHERE).is_ok_and(|level| level.row.is_stored()) {
            draft.counted(key, tally.counted_at);
        }
    }
    independent(book, draft, count, (actor, approval), &lines)?;
    let now = draft.now();
    for (part, ids) in off.chunks(DIFFERENCES_PER_MOVEMENT).zip(&approval.movements) {
        let head = MovementHead {
            id: ids[1],
            kind: MovementKind::Count,
            reason: Some(ReasonCode::Correction),
            note: approval.note.clone(),
            external_ref: count.external_ref.clone(),
            reference: Some(Reference { kind: ReferenceKind::Count, id: count.id.uuid() }),
            actor,
            reverses: None,
            occurred_at: now,
        };
        post(draft, part, &head, ids[0])?;
    }
    for Counted { line, finding, .. } in &mut lines {
        let Some(lot) = &mut line.lot else { continue };
        lot.id = draft.lot_by_code(line.product, &lot.key).map(|known| known.id);
        if let Some(id) = lot.id {
            draft.counted_lot(LevelKey { product: line.product, store: count.store }, id, finding.tally.counted_at);
        }
    }
    count.state = CountState::Completed { started_at, submitted_at, completed_at: now, approver: actor };
    let posted = |one: Counted| Line { state: LineState::Posted(one.finding, one.difference), ..one.line };
    Ok(lines.into_iter().map(posted).collect())
}

/// Returns the counted lines, with the book quantities of that time as they are known now. A line
/// that must be counted again has no finding: its last figure is not accepted.
fn counted(book: &CountBook, count: CountId) -> Vec<Counted> {
    let mut lines = Vec::new();
    for line in book.lines.get(&count).into_iter().flat_map(HashMap::values) {
        if let (LineState::Counted(mut finding), Some(known)) = (line.state, book.book_quantity(count, line)) {
            finding.tally.book = known;
            let difference = finding.tally.counted.get() - known;
            lines.push(Counted { line: line.clone(), finding, difference });
        }
    }
    lines.sort_by_cached_key(|one| one.line.key());
    lines
}

/// Returns the choice of the line's lot: by its ID if the lot exists by now, with the dates that it
/// has, else by its name.
fn choice(draft: &Draft<'_>, approval: &Approval, line: &Line) -> LotChoice {
    let Some(lot) = &line.lot else { return LotChoice::Unsaid };
    let name = || approval.lots.get(&line.key()).map_or(LotChoice::Unsaid, |name| LotChoice::Named(Box::new(name.clone())));
    draft.lot_by_code(line.product, &lot.key).map_or_else(name, |known| LotChoice::Id(known.id))
}

fn post(draft: &mut Draft<'_>, part: &[DifferingLine], head: &MovementHead, room: MovementId) -> Result<(), Rejection> {
    let field = At::input(Field::Id);
    let mut steps = Vec::with_capacity(part.len());
    let mut postings = Vec::with_capacity(part.len());
    for off in part {
        let level = draft.level(off.key, field)?;
        for (delta, condition) in deltas(draft, off, level) {
            let is_blocked = delta.on_hand > 0 && draft.blocked(off.key, &off.lot).is_some();
            let available_delta = if is_blocked { 0 } else { delta.on_hand - delta.unavailable };
            // A count borrows no units of lots.
            steps.push(Step { key: off.key, available_delta, on_hand_delta: delta.on_hand, lots: Vec::new(), field });
            let (cost, lot) = (level.facts.cost, off.lot.clone());
            postings.push(Posting { delta, cost, lot, condition, ..Posting::default() });
        }
    }
    ensure_available(draft, &steps, Shortage::Shorten, head, room.into())?;
    let Some(first) = part.first() else { return Ok(()) };
    draft.begin(head.clone(), first.key, field)?;
    for (step, posting) in steps.iter().zip(postings) {
        let posted = draft.post_to(step.key, posting, field);
        draft.pass(posted)?;
    }
    Ok(())
}

/// Returns the deltas of a line. Missing units are taken from the sellable stock first, then from
/// the unavailable stock. If the lot's own state blocks its sale, the units that only this state
/// keeps back are taken first, so that a count before a recall and one after it have the same
/// result, and damaged units stay damaged.
fn deltas(draft: &Draft<'_>, off: &DifferingLine, level: &Level) -> Vec<(Delta, Option<Condition>)> {
    let gone = |on_hand: i64, unavailable: i64| Delta { on_hand, unavailable, ..Delta::default() };
    if off.difference > 0 {
        return vec![(gone(off.difference, 0), None)];
    }
    let lot = draft.said(off.key.product, &off.lot).map(|lot| lot.id);
    let available = if off.lot.is_said() {
        lot.and_then(|lot| draft.lot_level(off.key, lot)).map_or(0, LotLevel::available)
    } else {
        level.on_hand.get() - level.unavailable.get()
    };
    let mut left = -off.difference;
    let first = left.min(available);
    left -= first;
    let mut deltas = Vec::new();
    let blocked = draft.blocked(off.key, &off.lot);
    let others = Condition::ALL.iter().copied().filter(|condition| Some(*condition) != blocked);
    for condition in blocked.into_iter().chain(others) {
        let taken = left.min(draft.aside(off.key, lot).of(condition));
        if taken > 0 {
            deltas.push((gone(-taken, -taken), Some(condition)));
            left -= taken;
        }
    }
    // A remainder that exceeds the stock is posted on the sellable part, where it is refused.
    if first + left > 0 {
        deltas.insert(0, (gone(-first - left, 0), None));
    }
    deltas
}

/// Above the tenant's limit, actors must not approve a count that they took part in. A difference
/// without a known value is above any limit.
fn independent(
    book: &CountBook,
    draft: &mut Draft<'_>,
    count: &Count,
    (actor, approval): (Actor, &Approval),
    lines: &[Counted],
) -> Result<(), Rejection> {
    let Some(limit) = approval.limit else { return Ok(()) };
    if !book.counters.get(&count.id).is_some_and(|counters| counters.contains(&actor)) {
        return Ok(());
    }
    let mut total: i128 = 0;
    for one in lines.iter().filter(|one| one.difference != 0) {
        let Some(difference_value) = difference_value(one, limit.currency) else {
            let (sku, currency) = (one.line.sku.clone(), limit.currency);
            draft.refuse(Refusal::NoValue { sku, currency }.at(At::input(Field::Id)))?;
            continue;
        };
        total += difference_value;
    }
    draft.end_pass()?;
    if total > i128::from(limit.minor) {
        return Err(Refusal::AboveLimit(limit).at(At::input(Field::Id)));
    }
    Ok(())
}

/// Returns the value of a line's difference in minor units; `None` if its cost is not in the
/// currency.
fn difference_value(one: &Counted, currency: Currency) -> Option<i128> {
    let cost = one.finding.unit_cost.filter(|cost| cost.currency == currency)?;
    Some(i128::from(cost.times(Quantity::new(one.difference)?, one.line.decimals)?.minor).abs())
}
