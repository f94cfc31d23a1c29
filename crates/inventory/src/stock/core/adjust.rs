//! Changes by deltas, absolute quantities and reversals.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;

use super::{
    costs::Costs,
    draft::{Delta, Draft, MovementHead, Posting},
    input_path::{At, Field},
    level::LevelKey,
    lot::{Dates, LotChoice},
    movement::{Entry, Movement},
    refusal::Refusal,
    rejection::{Reason, Rejection},
    shortage::{Shortage, ensure_available},
    step::Step,
};
use crate::currency::core::{allocate_by_weights, split_by_unit_cost};

/// Change stock by deltas.
#[derive(Debug, Clone)]
pub struct Adjust {
    pub head: MovementHead,
    /// ID of the movement that makes room, if one is needed.
    pub room: MovementId,
    pub on_shortage: Shortage,
    /// Costs in other currencies than the books', converted.
    pub costs: Costs,
    pub changes: Vec<Change>,
}
#[derive(Debug, Clone)]
pub struct Change {
    pub key: LevelKey,
    pub delta: Quantity,
    /// Checked before the first change of the call on this level.
    pub expected_version: Option<i64>,
    pub unit_cost: Option<Money>,
    pub note: Option<String>,
    pub lot: LotChoice,
}

/// Applies all changes or none.
pub fn decide_adjust(draft: &mut Draft<'_>, command: &Adjust) -> Result<(), Rejection> {
    let Some(first) = command.changes.first() else {
        return Err(Refusal::NoChanges.at(At::input(Field::Changes)));
    };
    if draft.collects_refusals() {
        for (index, change) in command.changes.iter().enumerate() {
            draft.check_exists(change.key, At::row(Field::Changes, index))?;
        }
    }
    let mut versions: BTreeMap<LevelKey, i64> = BTreeMap::new();
    let mut steps = Vec::with_capacity(command.changes.len());
    for (index, change) in command.changes.iter().enumerate() {
        let step = change_step(draft, command.head.kind, (index, change), &mut versions);
        steps.extend(draft.pass(step)?);
    }
    draft.end_pass()?;
    ensure_available(draft, &steps, command.on_shortage, &command.head, command.room.into())?;
    draft.begin(command.head.clone(), first.key, At::row(Field::Changes, 0))?;
    let book_values = command.costs.convert_values(draft, command)?;
    for (index, (change, (step, book_value))) in command.changes.iter().zip(steps.iter().zip(book_values)).enumerate() {
        let post_result = post_change(draft, (command.on_shortage.dates(), book_value), (index, change), step.field);
        draft.pass(post_result)?;
    }
    Ok(())
}

impl Costs {
    /// Returns the value of each change in the books; `None` if its cost is in their currency
    /// already. The costs of all changes in a currency are converted once and shared out over them.
    /// A listed cost counts only for units that come in: units that leave are valued like the stock
    /// that is there, and so are units that come in if no rate converts their listed cost. A stated
    /// cost without a rate is refused.
    fn convert_values(&self, draft: &mut Draft<'_>, command: &Adjust) -> Result<Vec<Option<Money>>, Rejection> {
        let mut book_values = vec![None; command.changes.len()];
        let Some(books) = self.books else { return Ok(book_values) };
        let mut amounts: BTreeMap<Currency, Vec<(usize, i64)>> = BTreeMap::new();
        for (index, change) in command.changes.iter().enumerate() {
            let amount = foreign_cost(draft, books, (index, change));
            if let Some(amount) = draft.pass(amount)?.flatten() {
                amounts.entry(amount.currency).or_default().push((index, amount.minor));
            }
        }
        let Some(day) = draft.day() else { return Ok(book_values) };
        for (from, lines) in amounts {
            let looked_up_rate = self.rates.iter().find(|rate| (rate.from, rate.to, rate.day) == (from, books, day));
            let Some(rate) = looked_up_rate.and_then(|looked_up_rate| looked_up_rate.found.as_ref()) else {
                // The refusal names the rate to look up: one that was not looked up yet is reported
                // for a listed cost, too.
                let is_needed = |index: usize| looked_up_rate.is_none() || command.changes[index].unit_cost.is_some();
                for (index, _) in lines.into_iter().filter(|(index, _)| is_needed(*index)) {
                    draft.refuse(Refusal::RateMissing { from, to: books, day }.at(field(index)))?;
                }
                continue;
            };
            let parts: Vec<i64> = lines.iter().map(|(_, amount)| *amount).collect();
            let total = parts.iter().try_fold(0_i64, |sum, part| sum.checked_add(*part));
            let total = total.and_then(|total| rate.convert(total));
            let total = total.ok_or_else(|| Refusal::LineTooLarge.at(At::input(Field::Changes)))?;
            for ((index, _), minor) in lines.iter().zip(allocate_by_weights(total, &parts)) {
                book_values[*index] = Some(Money::new(minor, books));
            }
        }
        draft.end_pass()?;
        Ok(book_values)
    }
}

fn field(index: usize) -> At {
    At::row(Field::Changes, index).field(Field::UnitCost)
}

/// Returns the cost of a change's units, above 0 in either direction; `None` if it is in the books'
/// currency or unknown.
fn foreign_cost(draft: &Draft<'_>, books: Currency, (index, change): (usize, &Change)) -> Result<Option<Money>, Rejection> {
    let facts = &draft.level(change.key, At::row(Field::Changes, index))?.facts;
    let listed = facts.cost.filter(|_| change.delta.is_positive());
    let Some(cost) = change.unit_cost.or(listed).filter(|cost| cost.currency != books) else { return Ok(None) };
    let units = Quantity::new(change.delta.get().abs());
    let amount = units.and_then(|units| cost.times(units, facts.decimals));
    amount.map(Some).ok_or_else(|| Refusal::LineTooLarge.at(field(index)))
}

/// Returns the step of a change, if its level, its version and its sign are valid. The version is
/// that before the call's first change of the level.
fn change_step(
    draft: &Draft<'_>,
    kind: MovementKind,
    (index, change): (usize, &Change),
    versions: &mut BTreeMap<LevelKey, i64>,
) -> Result<Step, Rejection> {
    let level = draft.stocked_level(change.key, At::row(Field::Changes, index))?;
    let version = *versions.entry(change.key).or_insert(level.version);
    if change.expected_version.is_some_and(|expected| expected != version) {
        let field = At::row(Field::Changes, index).field(Field::ExpectedVersion);
        let reason = Reason::VersionConflict { level: Box::new(level.clone()), lot: None };
        return Err(Rejection { why: reason, at: field });
    }
    check_sign(kind, change.delta, index)?;
    Ok(Step::moves(change.key, change.delta.get(), &change.lot, At::row(Field::Changes, index).field(Field::Delta)))
}

/// Posts one entry, or two if the value in the books does not divide.
fn post_change(
    draft: &mut Draft<'_>,
    (dates, book_value): (Dates, Option<Money>),
    (index, change): (usize, &Change),
    field: At,
) -> Result<(), Rejection> {
    let facts = &draft.level(change.key, field)?.facts;
    let too_large = || Refusal::LineTooLarge.at(At::row(Field::Changes, index).field(Field::UnitCost));
    // A value beyond the exact range would be clamped to the greatest one.
    if change.unit_cost.is_some_and(|cost| cost.times(change.delta, facts.decimals).is_none()) {
        return Err(too_large());
    }
    let units = change.delta.get();
    let parts: Vec<(i64, Option<Money>)> = match book_value {
        Some(book_value) => {
            let parts = split_by_unit_cost(book_value, units.abs(), facts.decimals).ok_or_else(too_large)?;
            parts.into_iter().map(|(part, cost)| (part * units.signum(), Some(cost))).collect()
        }
        None => vec![(units, change.unit_cost.or(facts.cost))],
    };
    for (on_hand, cost) in parts {
        let posting = Posting {
            delta: Delta { on_hand, ..Delta::default() },
            cost,
            note: change.note.clone(),
            lot: change.lot.clone(),
            condition: None,
            dates,
        };
        draft.post_to(change.key, posting, field)?;
    }
    Ok(())
}

/// RECEIPT and RETURN increase stock, SALE and REMOVAL reduce it, ADJUSTMENT does either; 0 is
/// refused.
fn check_sign(kind: MovementKind, delta: Quantity, index: usize) -> Result<(), Rejection> {
    let field = At::row(Field::Changes, index).field(Field::Delta);
    if delta.is_zero() {
        return Err(Refusal::ChangeOfNothing.at(field));
    }
    match kind {
        MovementKind::Receipt | MovementKind::Return if delta.is_negative() => Err(Refusal::BringsIn(kind).at(field)),
        MovementKind::Sale | MovementKind::Removal if delta.is_positive() => Err(Refusal::TakesOut(kind).at(field)),
        _ => Ok(()),
    }
}

/// Sets stock to absolute quantities.
#[derive(Debug, Clone)]
pub struct Set {
    pub head: MovementHead,
    pub room: MovementId,
    pub on_shortage: Shortage,
    pub items: Vec<SetItem>,
}
#[derive(Debug, Clone)]
pub struct SetItem {
    pub key: LevelKey,
    /// Quantity of the lot, if one is named, else of the level.
    pub on_hand: Quantity,
    pub compare: Compare,
    pub lot: LotChoice,
}
/// State of the level that the caller expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    Version(i64),
    OnHand(Quantity),
    Unconditional,
}

/// Applies all items or none. A level occurs once; one that already has the quantity gets no entry.
pub fn decide_set(draft: &mut Draft<'_>, command: &Set) -> Result<(), Rejection> {
    let Some(first) = command.items.first() else {
        return Err(Refusal::NoItems.at(At::input(Field::Items)));
    };
    if draft.collects_refusals() {
        for (index, item) in command.items.iter().enumerate() {
            draft.check_exists(item.key, At::row(Field::Items, index))?;
        }
    }
    let mut seen_levels = SetLevels::new();
    let mut steps = Vec::with_capacity(command.items.len());
    for (index, item) in command.items.iter().enumerate() {
        let step = set_step(draft, (index, item), &mut seen_levels);
        steps.extend(draft.pass(step)?);
    }
    draft.end_pass()?;
    // Room is made by reservations that give way; a discrepancy would change the very quantity that
    // is being set.
    let policy = if command.on_shortage == Shortage::PostDiscrepancy { Shortage::Shorten } else { command.on_shortage };
    ensure_available(draft, &steps, policy, &command.head, command.room.into())?;
    draft.begin(command.head.clone(), first.key, At::row(Field::Items, 0))?;
    for (item, step) in command.items.iter().zip(&steps).filter(|(_, step)| step.on_hand_delta != 0) {
        let posting = Posting {
            delta: Delta { on_hand: step.on_hand_delta, ..Delta::default() },
            cost: draft.level(step.key, step.field)?.facts.cost,
            lot: item.lot.clone(),
            dates: command.on_shortage.dates(),
            ..Posting::default()
        };
        let post_result = draft.post_to(step.key, posting, step.field);
        draft.pass(post_result)?;
    }
    draft.end();
    Ok(())
}

/// Levels that were set so far, with the lot: None if the level as a whole was set.
type SetLevels = BTreeSet<(LevelKey, Option<String>)>;

/// Returns the step of an item, if its level has the quantity that the caller expects and occurs
/// once.
fn set_step(draft: &Draft<'_>, (index, item): (usize, &SetItem), seen_levels: &mut SetLevels) -> Result<Step, Rejection> {
    let level = draft.stocked_level(item.key, At::row(Field::Items, index))?;
    if item.on_hand.is_negative() {
        return Err(Refusal::NegativeStock.at(At::row(Field::Items, index).field(Field::OnHand)));
    }
    let lot = draft.find_lot(item.key.product, &item.lot);
    let current = if item.lot.is_specified() {
        lot.and_then(|lot| draft.lot_level(item.key, lot.id)).map_or(0, |level| level.on_hand)
    } else {
        level.on_hand.get()
    };
    let is_new = match &item.lot {
        LotChoice::Unsaid => {
            seen_levels.insert((item.key, None)) && !seen_levels.iter().any(|(key, lot)| *key == item.key && lot.is_some())
        }
        specified => {
            !seen_levels.contains(&(item.key, None))
                && seen_levels.insert((item.key, Some(lot.map_or_else(|| specified.word(), |lot| lot.key.clone()))))
        }
    };
    if !is_new {
        return Err(Refusal::LevelTwice.at(At::row(Field::Items, index)));
    }
    let is_current = match item.compare {
        Compare::Version(version) => version == level.version,
        Compare::OnHand(on_hand) => on_hand.get() == current,
        Compare::Unconditional => true,
    };
    if !is_current {
        let is_of_lot = item.lot.is_specified() && matches!(item.compare, Compare::OnHand(_));
        let reason = Reason::VersionConflict { level: Box::new(level.clone()), lot: is_of_lot.then_some(current) };
        return Err(Rejection { why: reason, at: At::row(Field::Items, index).field(Field::Compare) });
    }
    let delta = item.on_hand.get() - current;
    Ok(Step::moves(item.key, delta, &item.lot, At::row(Field::Items, index).field(Field::OnHand)))
}

/// Reverses a whole movement by its mirror.
#[derive(Debug, Clone)]
pub struct Reverse {
    pub head: MovementHead,
    pub room: MovementId,
    pub on_shortage: Shortage,
    /// The movement as it was written; entries never change, so it was read before.
    pub original: Movement,
}

/// Reverses a movement, once and whole; movements of a document are reversed by the document's own
/// actions.
pub fn decide_reverse(draft: &mut Draft<'_>, command: &Reverse) -> Result<(), Rejection> {
    let field = At::input(Field::Movement);
    let original = &command.original;
    if draft.book().reversed.contains(&original.id) {
        return Err(Refusal::AlreadyReversed.at(field));
    }
    if original.is_count_balance() {
        return Err(Refusal::KeepsCount.at(field));
    }
    if let Some(reference) = original.reference
        && reference.kind.is_document()
    {
        return Err(Refusal::OfDocument(reference.kind).at(field));
    }
    if matches!(original.kind, MovementKind::Reversal | MovementKind::Reserve | MovementKind::Release) {
        return Err(Refusal::NotReversible(original.kind).at(field));
    }
    let Some(first) = original.entries.first() else { return Err(Refusal::NoEntries.at(field)) };
    let mirrored_entries: Vec<_> = original.entries.iter().rev().map(|entry| (entry, opposite_delta(draft, entry))).collect();
    let step = |(entry, (delta, _)): &(&Entry, (Delta, Option<Condition>))| Step {
        key: entry.key,
        available_delta: delta.on_hand - delta.unavailable,
        on_hand_delta: delta.on_hand,
        lots: entry.lot.filter(|_| delta.unavailable == 0).map(|lot| (LotChoice::Id(lot), delta.on_hand)).into_iter().collect(),
        field,
    };
    let steps: Vec<Step> = mirrored_entries.iter().map(step).collect();
    ensure_available(draft, &steps, command.on_shortage, &command.head, command.room.into())?;
    draft.begin(command.head.clone(), first.key, field)?;
    for (entry, (delta, condition)) in mirrored_entries {
        let posting = Posting {
            delta,
            cost: entry.unit_cost,
            note: entry.note.clone(),
            lot: entry.lot.map_or(LotChoice::Unsaid, LotChoice::Id),
            condition,
            dates: Dates::Override,
        };
        draft.post_to(entry.key, posting, field)?;
    }
    Ok(())
}

/// Returns the opposite of an entry, and the condition of the stock that it takes from. Units that
/// came in are taken from their current condition: their lot may have been recalled or released
/// since.
pub(crate) fn opposite_delta(draft: &Draft<'_>, entry: &Entry) -> (Delta, Option<Condition>) {
    let (on_hand, unavailable) = (-entry.on_hand_delta, -entry.unavailable_delta);
    let opposite = (Delta { on_hand, unavailable, ..Delta::default() }, entry.condition);
    let is_whole = unavailable == 0 || unavailable == on_hand;
    let Some(lot) = entry.lot.filter(|_| on_hand < 0 && is_whole) else { return opposite };
    let has_units = |pool_condition: &Option<Condition>| match pool_condition {
        Some(condition) => draft.unavailable_units(entry.key, Some(lot)).of(*condition) >= -on_hand,
        None => draft.lot_level(entry.key, lot).is_some_and(|level| level.available() >= -on_hand),
    };
    let entry_condition = entry.condition.filter(|_| unavailable != 0);
    let pool_conditions = [entry_condition, draft.blocked(entry.key, &LotChoice::Id(lot)), None];
    match pool_conditions.into_iter().find(has_units) {
        Some(pool_condition) => {
            (Delta { on_hand, unavailable: pool_condition.map_or(0, |_| on_hand), ..Delta::default() }, pool_condition)
        }
        None => opposite,
    }
}
