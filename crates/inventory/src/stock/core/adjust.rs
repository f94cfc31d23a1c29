//! Deltas, absolute figures and reversals.

use std::collections::BTreeMap;

use entity::prelude::*;
use platform::path;

use super::{
    draft::{Delta, Draft, MovementHead, Posting},
    level::LevelKey,
    lot::{Dates, LotChoice},
    movement::Movement,
    rejection::Rejection,
    shortage::{Shortage, Step, cover},
};

/// Change stock by deltas.
#[derive(Debug, Clone)]
pub struct Adjust {
    pub head: MovementHead,
    /// The id of the movement that makes room, should one be needed.
    pub room: MovementId,
    pub on_shortage: Shortage,
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

/// All changes or none.
pub fn decide_adjust(draft: &mut Draft<'_>, command: &Adjust) -> Result<(), Rejection> {
    let Some(first) = command.changes.first() else {
        return Err(Rejection::invalid("at least one change is needed", path!["input", "changes"]));
    };
    let mut versions: BTreeMap<LevelKey, i64> = BTreeMap::new();
    let mut steps = Vec::with_capacity(command.changes.len());
    for (index, change) in command.changes.iter().enumerate() {
        let level = draft.stocked(change.key, &path!["input", "changes", index])?;
        let version = *versions.entry(change.key).or_insert(level.version);
        if change.expected_version.is_some_and(|expected| expected != version) {
            let field = path!["input", "changes", index, "expectedVersion"];
            return Err(Rejection::VersionConflict { level: Box::new(level.clone()), lot: None, field });
        }
        check_sign(command.head.kind, change.delta, index)?;
        steps.push(Step::moves(change.key, change.delta.get(), &change.lot, path!["input", "changes", index, "delta"]));
    }
    cover(draft, &steps, command.on_shortage, &command.head, command.room.into())?;
    draft.begin(command.head.clone(), first.key, &path!["input", "changes", 0])?;
    for (index, (change, step)) in command.changes.iter().zip(&steps).enumerate() {
        let cost = match change.unit_cost {
            Some(cost) => {
                // Worth that could not be kept would be taken for the most that can.
                let decimals = draft.level(change.key, &step.field)?.facts.decimals;
                if cost.times(change.delta, decimals).is_none() {
                    let field = path!["input", "changes", index, "unitCost"];
                    return Err(Rejection::out_of_range("the line is too large to be kept exactly", field));
                }
                Some(cost)
            }
            None => draft.level(change.key, &step.field)?.facts.cost,
        };
        let posting = Posting {
            delta: Delta { on_hand: change.delta.get(), ..Delta::default() },
            cost,
            note: change.note.clone(),
            lot: change.lot.clone(),
            condition: None,
            dates: command.on_shortage.dates(),
        };
        draft.post_to(change.key, posting, &step.field)?;
    }
    Ok(())
}

/// RECEIPT and RETURN bring in, SALE and REMOVAL take out, ADJUSTMENT does either; 0 says nothing.
fn check_sign(kind: MovementKind, delta: Quantity, index: usize) -> Result<(), Rejection> {
    let field = path!["input", "changes", index, "delta"];
    if delta.is_zero() {
        return Err(Rejection::out_of_range("a change of 0 says nothing", field));
    }
    match kind {
        MovementKind::Receipt | MovementKind::Return if delta.is_negative() => {
            Err(Rejection::out_of_range(format!("a {kind} brings stock in: a delta above 0 is expected"), field))
        }
        MovementKind::Sale | MovementKind::Removal if delta.is_positive() => {
            Err(Rejection::out_of_range(format!("a {kind} takes stock out: a delta below 0 is expected"), field))
        }
        _ => Ok(()),
    }
}

/// Set stock to absolute figures.
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
    /// Of the lot, where one is named.
    pub on_hand: Quantity,
    pub compare: Compare,
    pub lot: LotChoice,
}
/// What the caller believes the level to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    Version(i64),
    OnHand(Quantity),
    Unconditional,
}

/// All items or none. A level occurs once; one that already has the figure gets no entry.
pub fn decide_set(draft: &mut Draft<'_>, command: &Set) -> Result<(), Rejection> {
    let Some(first) = command.items.first() else {
        return Err(Rejection::invalid("at least one item is needed", path!["input", "items"]));
    };
    let mut seen = std::collections::BTreeSet::new();
    let mut steps = Vec::with_capacity(command.items.len());
    for (index, item) in command.items.iter().enumerate() {
        let level = draft.stocked(item.key, &path!["input", "items", index])?;
        let lot = draft.said(item.key.product, &item.lot);
        let current = if item.lot.is_said() {
            lot.and_then(|lot| draft.lot_level(item.key, lot.id)).map_or(0, |level| level.on_hand)
        } else {
            level.on_hand.get()
        };
        let is_new = match &item.lot {
            LotChoice::Unsaid => {
                seen.insert((item.key, None)) && !seen.iter().any(|(key, lot)| *key == item.key && lot.is_some())
            }
            said => {
                !seen.contains(&(item.key, None))
                    && seen.insert((item.key, Some(lot.map_or_else(|| said.word(), |lot| lot.key.clone()))))
            }
        };
        if !is_new {
            return Err(Rejection::invalid(
                "this product and store occur twice: one figure can hold",
                path!["input", "items", index],
            ));
        }
        let agrees = match item.compare {
            Compare::Version(version) => version == level.version,
            Compare::OnHand(on_hand) => on_hand.get() == current,
            Compare::Unconditional => true,
        };
        if !agrees {
            let of_lot = item.lot.is_said() && matches!(item.compare, Compare::OnHand(_));
            return Err(Rejection::VersionConflict {
                level: Box::new(level.clone()),
                lot: of_lot.then_some(current),
                field: path!["input", "items", index, "compare"],
            });
        }
        if item.on_hand.is_negative() {
            return Err(Rejection::out_of_range("stock is never negative", path!["input", "items", index, "onHand"]));
        }
        let delta = item.on_hand.get() - current;
        let field = path!["input", "items", index, "onHand"];
        steps.push(Step::moves(item.key, delta, &item.lot, field));
    }
    // Room is made by holds that give way; a discrepancy would change the very figure that is being set.
    let policy = if command.on_shortage == Shortage::PostDiscrepancy { Shortage::Shorten } else { command.on_shortage };
    cover(draft, &steps, policy, &command.head, command.room.into())?;
    draft.begin(command.head.clone(), first.key, &path!["input", "items", 0])?;
    for (item, step) in command.items.iter().zip(&steps).filter(|(_, step)| step.on_hand_delta != 0) {
        let posting = Posting {
            delta: Delta { on_hand: step.on_hand_delta, ..Delta::default() },
            cost: draft.level(step.key, &step.field)?.facts.cost,
            lot: item.lot.clone(),
            dates: command.on_shortage.dates(),
            ..Posting::default()
        };
        draft.post_to(step.key, posting, &step.field)?;
    }
    draft.end();
    Ok(())
}

/// Undo a whole movement by one that mirrors it.
#[derive(Debug, Clone)]
pub struct Reverse {
    pub head: MovementHead,
    pub room: MovementId,
    pub on_shortage: Shortage,
    /// The movement as it was written; entries never change, so it was read before.
    pub original: Movement,
}

/// A movement is reversed once and whole; what belongs to a document is undone by the document's own actions.
pub fn decide_reverse(draft: &mut Draft<'_>, command: &Reverse) -> Result<(), Rejection> {
    let field = path!["input", "movementId"];
    let original = &command.original;
    if draft.book().reversed.contains(&original.id) {
        return Err(Rejection::state("it has been reversed already", field));
    }
    if original.keeps_a_count() {
        let message = "it keeps what a count found: reverse the movement that came late instead, at its occurredAt";
        return Err(Rejection::state(message, field));
    }
    if let Some(reference) = original.reference
        && reference.kind.is_document()
    {
        return Err(Rejection::state(format!("it belongs to a document ({}): undo it there", reference.kind.as_str()), field));
    }
    if matches!(original.kind, MovementKind::Reversal | MovementKind::Reserve | MovementKind::Release) {
        return Err(Rejection::state(format!("a {} cannot be reversed", original.kind), field));
    }
    let Some(first) = original.entries.first() else { return Err(Rejection::state("it has no entries", field)) };
    let mirrored = || original.entries.iter().rev();
    let steps: Vec<Step> = mirrored()
        .map(|e| Step {
            key: e.key,
            available_delta: e.unavailable_delta - e.on_hand_delta,
            on_hand_delta: -e.on_hand_delta,
            lots: e
                .lot
                .filter(|_| e.unavailable_delta == 0)
                .map(|lot| (LotChoice::Id(lot), -e.on_hand_delta))
                .into_iter()
                .collect(),
            field: field.clone(),
        })
        .collect();
    cover(draft, &steps, command.on_shortage, &command.head, command.room.into())?;
    draft.begin(command.head.clone(), first.key, &field)?;
    for entry in mirrored() {
        let delta = Delta { on_hand: -entry.on_hand_delta, unavailable: -entry.unavailable_delta, ..Delta::default() };
        let posting = Posting {
            delta,
            cost: entry.unit_cost,
            note: entry.note.clone(),
            lot: entry.lot.map_or(LotChoice::Unsaid, LotChoice::Id),
            condition: entry.condition,
            dates: Dates::Override,
        };
        draft.post_to(entry.key, posting, &field)?;
    }
    Ok(())
}
