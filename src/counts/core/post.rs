//! Setting the books right: what an approved count posts.

use entity::prelude::*;

use super::count::{Count, CountBook, Line};
use crate::{
    path,
    stock::core::{Delta, Draft, LevelKey, MovementHead, Reference, ReferenceKind, Rejection, Shortage, Step, cover},
};

/// Who approves, and under which rule.
#[derive(Debug, Clone)]
pub struct Approval {
    /// From which value of differences on it must be somebody who did not count; None: never.
    pub limit: Option<Money>,
    pub note: Option<String>,
    /// Ids of movements: one that makes room and one that posts, for each part.
    pub movements: Vec<[MovementId; 2]>,
}

/// Entries of one movement: its event goes to subscribers whole, as that of any other call.
pub const PART: usize = 500;

/// A line that is off.
struct Off {
    key: LevelKey,
    /// What was counted less what the books had then.
    difference: i64,
}

/// Posts every counted line's difference on what the books have now. A count is a fact: holds give way to it.
pub(super) fn approve(
    book: &CountBook,
    draft: &mut Draft<'_>,
    count: &mut Count,
    (actor, approval): (Actor, &Approval),
) -> Result<Vec<Line>, Rejection> {
    let mut lines: Vec<Line> = book.lines.get(&count.id).into_iter().flat_map(|lines| lines.values().cloned()).collect();
    lines.retain(|line| line.tally.is_some());
    lines.sort_by_key(|line| line.product);
    if lines.is_empty() {
        return Err(Rejection::state("nothing was counted", path!["input", "id"]));
    }
    let mut off = Vec::new();
    for line in &mut lines {
        let (Some(mut tally), Some(known)) = (line.tally, book.book_of(count.id, line)) else { continue };
        let difference = tally.counted.get() - known;
        tally.book = known;
        (line.tally, line.posted) = (Some(tally), Some(difference));
        let key = LevelKey { product: line.product, store: count.store };
        if difference != 0 {
            off.push(Off { key, difference });
        }
        if difference != 0 || draft.level(key, &Vec::new()).is_ok_and(|level| level.exists) {
            draft.counted(key, tally.counted_at);
        }
    }
    independent(book, count, (actor, approval), &lines)?;
    let now = draft.now();
    for (part, ids) in off.chunks(PART).zip(&approval.movements) {
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
    count.status = CountStatus::Completed;
    (count.completed_at, count.approver) = (Some(now), Some(actor));
    Ok(lines)
}

fn post(draft: &mut Draft<'_>, part: &[Off], head: &MovementHead, room: MovementId) -> Result<(), Rejection> {
    let field = path!["input", "id"];
    let mut steps = Vec::with_capacity(part.len());
    let mut deltas = Vec::with_capacity(part.len());
    for off in part {
        let level = draft.level(off.key, &field)?;
        let left = level.on_hand.get().saturating_add(off.difference);
        // What is gone cannot be unavailable either.
        let unavailable = (left - level.unavailable.get()).min(0).max(-level.unavailable.get());
        steps.push(Step { key: off.key, available_delta: off.difference - unavailable, field: field.clone() });
        deltas.push(Delta { on_hand: off.difference, unavailable, ..Delta::default() });
    }
    cover(draft, &steps, Shortage::Shorten, head, room.into())?;
    let Some(first) = part.first() else { return Ok(()) };
    draft.begin(head.clone(), first.key, &field)?;
    for (off, delta) in part.iter().zip(deltas) {
        let cost = draft.level(off.key, &field)?.facts.cost;
        draft.post(off.key, delta, cost, None, &field)?;
    }
    Ok(())
}

/// Above the tenant's limit nobody approves what they counted themselves.
fn independent(book: &CountBook, count: &Count, (actor, approval): (Actor, &Approval), lines: &[Line]) -> Result<(), Rejection> {
    let Some(limit) = approval.limit else { return Ok(()) };
    let value = |line: &Line| {
        let cost = line.unit_cost.filter(|cost| cost.currency == limit.currency)?;
        Some(cost.times(Quantity::new(line.posted?)?, line.decimals)?.minor.abs())
    };
    let total: i128 = lines.iter().filter_map(value).map(i128::from).sum();
    let has_counted = book.counters.get(&count.id).is_some_and(|counters| counters.contains(&actor));
    if total > i128::from(limit.minor) && has_counted {
        let message = format!(
            "the differences are worth more than {} {}: somebody who did not count approves",
            limit.amount(),
            limit.currency
        );
        return Err(Rejection::state(message, path!["input", "id"]));
    }
    Ok(())
}
