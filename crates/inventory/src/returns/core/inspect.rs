//! Inspecting returned goods: which are restocked, stay unavailable or are written off.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    posting::{of_lot, return_head, stocked},
    refusal::ReturnStepRefusal,
    sales_return::{Return, ReturnLine, ReturnState},
    step::{ActOnReturn, Inspection},
};
use crate::{
    orders::core::count,
    stock::core::{At, Dates, Delta, Draft, Field, LevelKey, LotChoice, Noun, Posting, Rejection, RoomRefusal},
};

/// A named line, checked.
struct InspectedPart {
    position: u16,
    quantity: i64,
    disposition: Disposition,
    lot: LotChoice,
    field: At,
}

/// Goods of one lot, or of none, in one condition of unavailable stock.
struct Part {
    lot: Option<LotId>,
    quantity: i64,
    lies: Condition,
    /// Condition for which its lot may not be sold, whatever the inspection finds.
    blocked: Option<Condition>,
}

pub(super) fn inspect(draft: &mut Draft<'_>, ret: &mut Return, act: &ActOnReturn, what: &Inspection) -> Result<(), Rejection> {
    let seen = wanted(draft, ret, what)?;
    // The time of the first receipt, perhaps by a clock that is ahead of ours.
    let at = what.occurred_at.unwrap_or(draft.now().max(ret.occurred_at));
    if at < ret.occurred_at {
        return Err(ReturnStepRefusal::SeenBeforeItCame.at(At::input(Field::OccurredAt)));
    }
    let mut out = Vec::new();
    let mut begin = Some(return_head(act, ret, (act.movements[0], MovementKind::Adjustment), at));
    for one in seen {
        let key = ret.lines.iter().find(|line| line.position == one.position).and_then(|line| stocked(draft, ret, line));
        let Some(line) = ret.line_mut(one.position) else { continue };
        line.record_inspection(one.disposition, one.quantity);
        let Some(key) = key else { continue };
        let found = parts(draft, key, line, &one);
        for part in draft.pass(found)?.into_iter().flatten() {
            match one.disposition {
                Disposition::Quarantine => {}
                Disposition::WriteOff => out.push((key, part, one.field)),
                Disposition::Restock if part.blocked == Some(part.lies) => {}
                Disposition::Restock => {
                    if let Some(head) = begin.take() {
                        draft.begin(head, key, one.field)?;
                    }
                    let moved = restock(draft, key, &part, one.field);
                    draft.pass(moved)?;
                }
            }
        }
    }
    draft.end_pass()?;
    let mut begin = Some(return_head(act, ret, (act.movements[1], MovementKind::Removal), at));
    for (key, part, field) in out {
        if let Some(head) = begin.take() {
            draft.begin(head, key, field)?;
        }
        let cost = draft.level(key, field)?.facts.cost;
        let delta = Delta { on_hand: -part.quantity, unavailable: -part.quantity, ..Delta::default() };
        let lot = part.lot.map_or(LotChoice::Unsaid, LotChoice::Id);
        let condition = Some(part.lies);
        let posted = draft.post_to(key, Posting { delta, cost, note: None, lot, condition, dates: Dates::Override }, field);
        draft.pass(posted)?;
    }
    let is_done = ret.lines.iter().all(|line| line.uninspected() == 0);
    if let (true, ReturnState::Received { received_at }) = (is_done, &ret.state) {
        ret.state = ReturnState::Inspected { received_at: *received_at };
    }
    Ok(())
}

fn wanted(draft: &mut Draft<'_>, ret: &Return, what: &Inspection) -> Result<Vec<InspectedPart>, Rejection> {
    let Some(named) = &what.lines else {
        let whole = |line: &ReturnLine| InspectedPart {
            position: line.position,
            quantity: line.uninspected(),
            disposition: line.disposition,
            lot: LotChoice::Unsaid,
            field: At::input(Field::Lines),
        };
        let all: Vec<InspectedPart> = ret.lines.iter().filter(|line| line.uninspected() > 0).map(whole).collect();
        // Goods received at the counter were inspected there: the step only records it.
        if all.is_empty() && ret.status() != ReturnStatus::Received {
            return Err(ReturnStepRefusal::NothingToLookAt.at(At::input(Field::Lines)));
        }
        return Ok(all);
    };
    if named.is_empty() {
        return Err(ReturnStepRefusal::NothingSeenNamed.at(At::input(Field::Lines)));
    }
    let mut taken: BTreeMap<u16, i64> = BTreeMap::new();
    let mut seen = Vec::with_capacity(named.len());
    for (index, one) in named.iter().enumerate() {
        let (of, position) = one.line.split_line();
        let at = |name: Field| At::line(index).field(name);
        let line = ret.lines.iter().find(|line| of == ret.id && line.position == position);
        let Some(line) = line else {
            draft.refuse(Rejection::not_found(Noun::ReturnLine, at(Field::LineId)))?;
            continue;
        };
        let before = taken.entry(position).or_default();
        let left = line.uninspected() - *before;
        if !one.quantity.is_positive() || one.quantity.get() > left {
            let refusal = ReturnStepRefusal::UnseenUpTo { sku: line.sku.clone(), most: left };
            draft.refuse(refusal.at(at(Field::Quantity)))?;
            continue;
        }
        *before += one.quantity.get();
        let (quantity, disposition, lot) = (one.quantity.get(), one.disposition, one.lot.clone());
        seen.push(InspectedPart { position, quantity, disposition, lot, field: at(Field::Quantity) });
    }
    draft.end_pass()?;
    Ok(seen)
}

/// Splits an inspected quantity into lots, each with the condition that it is in; one part without
/// a lot if stock is not kept by lots.
fn parts(draft: &Draft<'_>, key: LevelKey, line: &mut ReturnLine, one: &InspectedPart) -> Result<Vec<Part>, Rejection> {
    if line.lots.is_empty() {
        if one.lot.is_said() {
            return Err(ReturnStepRefusal::CameInNoLot.at(of_lot(one.field)));
        }
        return Ok(vec![Part { lot: None, quantity: one.quantity, lies: Condition::Quarantine, blocked: None }]);
    }
    let meant = match &one.lot {
        LotChoice::Unsaid => None,
        said => {
            Some(draft.specified_lot_id(key.product, said).ok_or_else(|| Rejection::not_found(Noun::Lot, of_lot(one.field)))?)
        }
    };
    let is_meant = |lot: LotId| meant.is_none_or(|own| own == lot);
    // Checked before a unit is taken: a refused line takes none from the next one, which is checked
    // all the same.
    let meant_lots = line.lots.iter().filter(|known| is_meant(known.lot));
    let quantity: i64 = meant_lots.map(|known| known.received.get() - known.inspected.get()).sum();
    if quantity < one.quantity {
        return Err(ReturnStepRefusal::UnseenOfLot { quantity }.at(one.field));
    }
    let mut left = one.quantity;
    let mut found = Vec::new();
    for known in line.lots.iter_mut().filter(|known| is_meant(known.lot)) {
        let taken = left.min(known.received.get() - known.inspected.get());
        if taken == 0 {
            continue;
        }
        left -= taken;
        known.inspected = count(known.inspected.get() + taken);
        let blocked = draft.blocked(key, &LotChoice::Id(known.lot));
        let aside = draft.aside(key, Some(known.lot));
        // Goods that were received into a blocked lot are in the condition of the lot, not in
        // quarantine.
        let by_lot = blocked.filter(|why| aside.of(Condition::Quarantine) < taken && aside.of(*why) >= taken);
        found.push(Part { lot: Some(known.lot), quantity: taken, lies: by_lot.unwrap_or(Condition::Quarantine), blocked });
    }
    Ok(found)
}

/// Makes unavailable goods available, or moves them to another condition if their lot may not be
/// sold.
fn restock(draft: &mut Draft<'_>, key: LevelKey, part: &Part, field: At) -> Result<(), Rejection> {
    change_condition(draft, key, part.lot, (-part.quantity, part.lies), field)?;
    match part.blocked {
        Some(why) => change_condition(draft, key, part.lot, (part.quantity, why), field),
        None => Ok(()),
    }
}

fn change_condition(
    draft: &mut Draft<'_>,
    key: LevelKey,
    lot: Option<LotId>,
    (quantity, condition): (i64, Condition),
    field: At,
) -> Result<(), Rejection> {
    let delta = Delta { unavailable: quantity, ..Delta::default() };
    let lot = lot.map_or(LotChoice::Unsaid, LotChoice::Id);
    let condition = Some(condition);
    draft.post_to(key, Posting { delta, lot, condition, dates: Dates::Override, ..Posting::default() }, field)
}
