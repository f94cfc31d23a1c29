//! Posting the differences of an approved count.

use std::collections::HashMap;

use entity::prelude::*;

use super::{
    book::CountBook,
    count::{Count, CountState, Finding, Line, LineState, Stage, state_rejection},
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
struct CountedLine {
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
pub(super) fn approve_count(
    book: &CountBook,
    draft: &mut Draft<'_>,
    count: &mut Count,
    (actor, approval): (Actor, &Approval),
) -> Result<Vec<Line>, Rejection> {
    let CountState::Active(Stage::Review { started_at, submitted_at }) = count.state else { return Err(state_rejection(count)) };
    let mut lines = find_counted_lines(book, count.id);
    if lines.is_empty() {
        return Err(Refusal::NothingCounted.at(At::input(Field::Id)));
    }
    let mut differing_lines = Vec::new();
    for CountedLine { line, finding, difference } in &lines {
        let (tally, difference) = (finding.tally, *difference);
        let key = LevelKey { product: line.product, store: count.store };
        if difference != 0 {
            differing_lines.push(DifferingLine { key, lot: lot_choice(draft, approval, line), difference });
        }
        if difference != 0 || draft.level(key, At::NOWHERE).is_ok_and(|level| level.row.is_stored()) {
            draft.record_count(key, tally.counted_at);
        }
    }
    check_independent(book, draft, count, (actor, approval), &lines)?;
    let now = draft.now();
    for (part, ids) in differing_lines.chunks(DIFFERENCES_PER_MOVEMENT).zip(&approval.movements) {
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
        post_differences(draft, part, &head, ids[0])?;
    }
    for CountedLine { line, finding, .. } in &mut lines {
        let Some(lot) = &mut line.lot else { continue };
        lot.id = draft.lot_by_code(line.product, &lot.key).map(|known_lot| known_lot.id);
        if let Some(id) = lot.id {
            draft.counted_lot(LevelKey { product: line.product, store: count.store }, id, finding.tally.counted_at);
        }
    }
    count.state = CountState::Completed { started_at, submitted_at, completed_at: now, approver: actor };
    let to_posted_line = |counted_line: CountedLine| Line {
        state: LineState::Posted(counted_line.finding, counted_line.difference),
        ..counted_line.line
    };
    Ok(lines.into_iter().map(to_posted_line).collect())
}

/// Returns the counted lines, with the book quantities of that time as they are known now. A line
/// that must be counted again has no finding: its last figure is not accepted.
fn find_counted_lines(book: &CountBook, count: CountId) -> Vec<CountedLine> {
    let mut lines = Vec::new();
    for line in book.lines.get(&count).into_iter().flat_map(HashMap::values) {
        if let (LineState::Counted(mut finding), Some(quantity_in_books)) = (line.state, book.book_quantity(count, line)) {
            finding.tally.book = quantity_in_books;
            let difference = finding.tally.counted.get() - quantity_in_books;
            lines.push(CountedLine { line: line.clone(), finding, difference });
        }
    }
    lines.sort_by_cached_key(|counted_line| counted_line.line.key());
    lines
}

/// Returns the choice of the line's lot: by its ID if the lot exists by now, with the dates that it
/// has, else by its name.
fn lot_choice(draft: &Draft<'_>, approval: &Approval, line: &Line) -> LotChoice {
    let Some(lot) = &line.lot else { return LotChoice::Unsaid };
    let named_choice = || {
        approval.lots.get(&line.key()).map_or(LotChoice::Unsaid, |named_choice| LotChoice::Named(Box::new(named_choice.clone())))
    };
    draft.lot_by_code(line.product, &lot.key).map_or_else(named_choice, |known_lot| LotChoice::Id(known_lot.id))
}

fn post_differences(
    draft: &mut Draft<'_>,
    part: &[DifferingLine],
    head: &MovementHead,
    room_movement: MovementId,
) -> Result<(), Rejection> {
    let field = At::input(Field::Id);
    let mut steps = Vec::with_capacity(part.len());
    let mut postings = Vec::with_capacity(part.len());
    for differing_line in part {
        let level = draft.level(differing_line.key, field)?;
        for (delta, condition) in line_deltas(draft, differing_line, level) {
            let is_blocked = delta.on_hand > 0 && draft.blocked(differing_line.key, &differing_line.lot).is_some();
            let available_delta = if is_blocked { 0 } else { delta.on_hand - delta.unavailable };
            // A count borrows no units of lots.
            steps.push(Step { key: differing_line.key, available_delta, on_hand_delta: delta.on_hand, lots: Vec::new(), field });
            let (cost, lot) = (level.facts.cost, differing_line.lot.clone());
            postings.push(Posting { delta, cost, lot, condition, ..Posting::default() });
        }
    }
    ensure_available(draft, &steps, Shortage::Shorten, head, room_movement.into())?;
    let Some(first) = part.first() else { return Ok(()) };
    draft.begin(head.clone(), first.key, field)?;
    for (step, posting) in steps.iter().zip(postings) {
        let post_result = draft.post_to(step.key, posting, field);
        draft.pass(post_result)?;
    }
    Ok(())
}

/// Returns the deltas of a line. Missing units are taken from the sellable stock first, then from
/// the unavailable stock. If the lot's own state blocks its sale, the units that only this state
/// keeps back are taken first, so that a count before a recall and one after it have the same
/// result, and damaged units stay damaged.
fn line_deltas(draft: &Draft<'_>, differing_line: &DifferingLine, level: &Level) -> Vec<(Delta, Option<Condition>)> {
    let on_hand_delta = |on_hand: i64, unavailable: i64| Delta { on_hand, unavailable, ..Delta::default() };
    if differing_line.difference > 0 {
        return vec![(on_hand_delta(differing_line.difference, 0), None)];
    }
    let lot = draft.find_lot(differing_line.key.product, &differing_line.lot).map(|lot| lot.id);
    let available = if differing_line.lot.is_specified() {
        lot.and_then(|lot| draft.lot_level(differing_line.key, lot)).map_or(0, LotLevel::available)
    } else {
        level.on_hand.get() - level.unavailable.get()
    };
    let mut remaining = -differing_line.difference;
    let first = remaining.min(available);
    remaining -= first;
    let mut deltas = Vec::new();
    let blocked = draft.blocked(differing_line.key, &differing_line.lot);
    let other_conditions = Condition::ALL.iter().copied().filter(|condition| Some(*condition) != blocked);
    for condition in blocked.into_iter().chain(other_conditions) {
        let quantity = remaining.min(draft.unavailable_units(differing_line.key, lot).of(condition));
        if quantity > 0 {
            deltas.push((on_hand_delta(-quantity, -quantity), Some(condition)));
            remaining -= quantity;
        }
    }
    // A remainder that exceeds the stock is posted on the sellable part, where it is refused.
    if first + remaining > 0 {
        deltas.insert(0, (on_hand_delta(-first - remaining, 0), None));
    }
    deltas
}

/// Above the tenant's limit, actors must not approve a count that they took part in. A difference
/// without a known value is above any limit.
fn check_independent(
    book: &CountBook,
    draft: &mut Draft<'_>,
    count: &Count,
    (actor, approval): (Actor, &Approval),
    lines: &[CountedLine],
) -> Result<(), Rejection> {
    let Some(limit) = approval.limit else { return Ok(()) };
    if !book.counters.get(&count.id).is_some_and(|counters| counters.contains(&actor)) {
        return Ok(());
    }
    let mut total: i128 = 0;
    for counted_line in lines.iter().filter(|counted_line| counted_line.difference != 0) {
        let Some(difference_value) = difference_value(counted_line, limit.currency) else {
            let (sku, currency) = (counted_line.line.sku.clone(), limit.currency);
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
fn difference_value(counted_line: &CountedLine, currency: Currency) -> Option<i128> {
    let cost = counted_line.finding.unit_cost.filter(|cost| cost.currency == currency)?;
    Some(i128::from(cost.times(Quantity::new(counted_line.difference)?, counted_line.line.decimals)?.minor).abs())
}
