//! Recording tallies: the quantities that were found.

use entity::prelude::*;

use super::{
    book::CountBook,
    changes::{Changes, build_line},
    count::{
        Count, CountAttempt, CountState, CountedLot, Finding, Line, LineKey, LineOrigin, LineState, Stage, Tally, state_rejection,
    },
    refusal::Refusal,
    step::{Record, TallyLine},
};
use crate::stock::core::{At, Draft, Field, Level, LevelKey, Lot, LotChoice, Rejection, RoomRefusal};

/// Tolerance for a caller's clock that runs ahead of ours.
const MAX_CLOCK_SKEW_SECONDS: i64 = 300;

/// Context of one call's tallies, with its actor.
struct TallyContext<'a> {
    book: &'a CountBook,
    count: &'a Count,
    actor: Actor,
    /// Time of the count that the caller gave, if any.
    stated_at: Option<Timestamp>,
    counted_at: Timestamp,
}

pub(super) fn record_tallies(
    book: &CountBook,
    draft: &mut Draft<'_>,
    count: &Count,
    (actor, record): (Actor, &Record),
    changes: &mut Changes,
) -> Result<(), Rejection> {
    let CountState::Active(Stage::Counting { started_at }) = count.state else { return Err(state_rejection(count)) };
    let counted_at = record.counted_at.unwrap_or(draft.now());
    let field = || At::input(Field::CountedAt);
    if counted_at > draft.now().plus_seconds(MAX_CLOCK_SKEW_SECONDS) {
        draft.refuse(Refusal::Ahead.at(field()))?;
    }
    if counted_at < started_at {
        draft.refuse(Refusal::BeforeStart.at(field()))?;
    }
    if record.tallied.is_empty() {
        return Err(Refusal::NoLines.at(At::input(Field::Lines)));
    }
    if draft.collects_refusals() {
        for (index, tally_line) in record.tallied.iter().enumerate() {
            let key = LevelKey { product: tally_line.product, store: count.store };
            draft.check_exists(key, At::line(index).field(Field::Product))?;
        }
    }
    let tally_context = TallyContext { book, count, actor, stated_at: record.counted_at, counted_at };
    for (index, tally_line) in record.tallied.iter().enumerate() {
        let line = tally_context.line(draft, (index, tally_line), changes);
        draft.pass(line)?;
    }
    Ok(())
}

impl TallyContext<'_> {
    fn line(&self, draft: &Draft<'_>, (index, tally_line): (usize, &TallyLine), changes: &mut Changes) -> Result<(), Rejection> {
        let Self { book, count, .. } = *self;
        let at = |name: Field| At::line(index).field(name);
        if tally_line.counted.is_negative() {
            return Err(Refusal::Negative.at(at(Field::Counted)));
        }
        let key = LevelKey { product: tally_line.product, store: count.store };
        let level = draft.stocked_at(key, (at(Field::Product), At::input(Field::Id)))?;
        let named_lot = find_lot(book, draft, (count, level), tally_line, at(Field::Counted))?;
        let line_key = LineKey {
            product: tally_line.product,
            lot: named_lot.as_ref().map(|named_lot| named_lot.0.key.clone()).unwrap_or_default(),
        };
        if changes.tries.iter().any(|earlier_attempt| earlier_attempt.of == line_key) {
            let (refusal, lot_or_product) =
                if named_lot.is_some() { (Refusal::LotTwice, Field::Lot) } else { (Refusal::ProductTwice, Field::Product) };
            return Err(refusal.at(at(lot_or_product)));
        }
        let on_books = match &named_lot {
            Some((_, lot)) => lot_book_quantity(book, draft, key, lot.as_ref(), self.stated_at),
            None if level.facts.tracking != Tracking::None => 0,
            None => {
                let past = self.stated_at.and_then(|at| book.past.get(&(key.product, key.store, at)));
                past.copied().unwrap_or(level.on_hand.get())
            }
        };
        let tally =
            Tally { counted: tally_line.counted, counted_at: self.counted_at, book: on_books, book_version: level.version };
        let lot = named_lot.map(|named_lot| named_lot.0);
        let finding = Finding { attempts: 1, tally, unit_cost: level.facts.cost };
        changes.gone.retain(|removed_key| *removed_key != line_key);
        let attempt = if let Some(existing_line) = book.line(count.id, &line_key) {
            changes.record_recount(Line { lot, ..existing_line.clone() }, finding)
        } else {
            let line = build_line(level, tally_line.line, lot, LineOrigin::Found);
            changes.made.push(Line { state: LineState::Counted(finding), ..line });
            finding.attempts
        };
        changes.tries.push(CountAttempt {
            of: line_key.clone(),
            attempt,
            tally,
            actor: self.actor,
            note: tally_line.note.clone(),
        });
        if line_key.is_of_a_lot() {
            changes.remove_lotless_line(book, count.id, tally_line.product);
        }
        Ok(())
    }
}

/// Returns the lot that was found, by its name and as it is on the books; None if stock is not kept
/// by lots, or if nothing was found of a product that has none.
fn find_lot(
    book: &CountBook,
    draft: &Draft<'_>,
    (count, level): (&Count, &Level),
    tally_line: &TallyLine,
    field: At,
) -> Result<Option<(CountedLot, Option<Lot>)>, Rejection> {
    let (facts, product) = (&level.facts, tally_line.product);
    let lot_field = || field.lot();
    if facts.tracking == Tracking::None {
        let refusal = || Refusal::NotTracked { sku: facts.sku.clone() }.at(lot_field());
        return if tally_line.lot.is_specified() { Err(refusal()) } else { Ok(None) };
    }
    if facts.tracking == Tracking::Serial && tally_line.counted.get() > 1 {
        return Err(Refusal::SerialAboveOne.at(field));
    }
    let known_lot = draft.check_specified_lot(product, &tally_line.lot, field)?.cloned();
    match (&tally_line.lot, known_lot) {
        (_, Some(lot)) => Ok(Some((CountedLot::from_books(lot.id, &lot.code, &lot.key), Some(lot)))),
        (LotChoice::Named(name), None) => {
            let (code, key) = (name.code.clone(), name.key.clone());
            Ok(Some((CountedLot { id: None, code, key, made_on: name.made_on, expires_on: name.expires_on }, None)))
        }
        (LotChoice::Id(_) | LotChoice::Unsaid, None) => {
            let lines = book.lines_of(count.id, product);
            let is_without_lots = !lines.is_empty() && lines.iter().all(|line| line.lot.is_none());
            if is_without_lots && tally_line.counted.is_zero() {
                return Ok(None);
            }
            let (sku, tracking) = (facts.sku.clone(), facts.tracking);
            Err(Refusal::LotUnsaid { sku, tracking }.at(lot_field()))
        }
    }
}

/// Returns the book quantity of a lot when it was counted.
fn lot_book_quantity(
    book: &CountBook,
    draft: &Draft<'_>,
    key: LevelKey,
    lot: Option<&Lot>,
    counted_at: Option<Timestamp>,
) -> i64 {
    let Some(lot) = lot else { return 0 };
    match counted_at {
        Some(at) => book.lots_past.get(&(lot.id, key.store, at)).copied().unwrap_or(0),
        None => draft.lot_level(key, lot.id).map_or(0, |level| level.on_hand),
    }
}
