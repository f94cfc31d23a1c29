//! Inspecting returned goods: which are restocked, stay unavailable or are written off.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    posting::{find_stocked_level, lot_field, return_head},
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
    condition: Condition,
    /// Condition for which its lot may not be sold, whatever the inspection finds.
    blocked: Option<Condition>,
}

pub(super) fn inspect_goods(
    draft: &mut Draft<'_>,
    sales_return: &mut Return,
    command: &ActOnReturn,
    inspection: &Inspection,
) -> Result<(), Rejection> {
    let inspected_parts = parse_inspected_parts(draft, sales_return, inspection)?;
    // The time of the first receipt, perhaps by a clock that is ahead of ours.
    let at = inspection.occurred_at.unwrap_or(draft.now().max(sales_return.occurred_at));
    if at < sales_return.occurred_at {
        return Err(ReturnStepRefusal::SeenBeforeItCame.at(At::input(Field::OccurredAt)));
    }
    let mut written_off_parts = Vec::new();
    let mut pending_head = Some(return_head(command, sales_return, (command.movements[0], MovementKind::Adjustment), at));
    for inspected_part in inspected_parts {
        let key = sales_return
            .lines
            .iter()
            .find(|line| line.position == inspected_part.position)
            .and_then(|line| find_stocked_level(draft, sales_return, line));
        let Some(line) = sales_return.line_mut(inspected_part.position) else { continue };
        line.record_inspection(inspected_part.disposition, inspected_part.quantity);
        let Some(key) = key else { continue };
        let part_results = split_into_lots(draft, key, line, &inspected_part);
        for part in draft.pass(part_results)?.into_iter().flatten() {
            match inspected_part.disposition {
                Disposition::Quarantine => {}
                Disposition::WriteOff => written_off_parts.push((key, part, inspected_part.field)),
                Disposition::Restock if part.blocked == Some(part.condition) => {}
                Disposition::Restock => {
                    if let Some(head) = pending_head.take() {
                        draft.begin(head, key, inspected_part.field)?;
                    }
                    let restock_result = restock(draft, key, &part, inspected_part.field);
                    draft.pass(restock_result)?;
                }
            }
        }
    }
    draft.end_pass()?;
    let mut pending_head = Some(return_head(command, sales_return, (command.movements[1], MovementKind::Removal), at));
    for (key, part, field) in written_off_parts {
        if let Some(head) = pending_head.take() {
            draft.begin(head, key, field)?;
        }
        let cost = draft.level(key, field)?.facts.cost;
        let delta = Delta { on_hand: -part.quantity, unavailable: -part.quantity, ..Delta::default() };
        let lot = part.lot.map_or(LotChoice::Unsaid, LotChoice::Id);
        let condition = Some(part.condition);
        let post_result = draft.post_to(key, Posting { delta, cost, note: None, lot, condition, dates: Dates::Override }, field);
        draft.pass(post_result)?;
    }
    let is_done = sales_return.lines.iter().all(|line| line.uninspected() == 0);
    if let (true, ReturnState::Received { received_at }) = (is_done, &sales_return.state) {
        sales_return.state = ReturnState::Inspected { received_at: *received_at };
    }
    Ok(())
}

fn parse_inspected_parts(
    draft: &mut Draft<'_>,
    sales_return: &Return,
    inspection: &Inspection,
) -> Result<Vec<InspectedPart>, Rejection> {
    let Some(requested_lines) = &inspection.lines else {
        let whole_line = |line: &ReturnLine| InspectedPart {
            position: line.position,
            quantity: line.uninspected(),
            disposition: line.disposition,
            lot: LotChoice::Unsaid,
            field: At::input(Field::Lines),
        };
        let whole_lines: Vec<InspectedPart> =
            sales_return.lines.iter().filter(|line| line.uninspected() > 0).map(whole_line).collect();
        // Goods received at the counter were inspected there: the step only records it.
        if whole_lines.is_empty() && sales_return.status() != ReturnStatus::Received {
            return Err(ReturnStepRefusal::NothingToLookAt.at(At::input(Field::Lines)));
        }
        return Ok(whole_lines);
    };
    if requested_lines.is_empty() {
        return Err(ReturnStepRefusal::NothingSeenNamed.at(At::input(Field::Lines)));
    }
    let mut units_by_line: BTreeMap<u16, i64> = BTreeMap::new();
    let mut inspected_parts = Vec::with_capacity(requested_lines.len());
    for (index, requested_line) in requested_lines.iter().enumerate() {
        let (return_id, position) = requested_line.line.split_line();
        let at = |name: Field| At::line(index).field(name);
        let line = sales_return.lines.iter().find(|line| return_id == sales_return.id && line.position == position);
        let Some(line) = line else {
            draft.refuse(Rejection::not_found(Noun::ReturnLine, at(Field::LineId)))?;
            continue;
        };
        let earlier_units = units_by_line.entry(position).or_default();
        let uninspected_units = line.uninspected() - *earlier_units;
        if !requested_line.quantity.is_positive() || requested_line.quantity.get() > uninspected_units {
            let refusal = ReturnStepRefusal::UnseenUpTo { sku: line.sku.clone(), most: uninspected_units };
            draft.refuse(refusal.at(at(Field::Quantity)))?;
            continue;
        }
        *earlier_units += requested_line.quantity.get();
        let (quantity, disposition, lot) =
            (requested_line.quantity.get(), requested_line.disposition, requested_line.lot.clone());
        inspected_parts.push(InspectedPart { position, quantity, disposition, lot, field: at(Field::Quantity) });
    }
    draft.end_pass()?;
    Ok(inspected_parts)
}

/// Splits an inspected quantity into lots, each with the condition that it is in; one part without
/// a lot if stock is not kept by lots.
fn split_into_lots(
    draft: &Draft<'_>,
    key: LevelKey,
    line: &mut ReturnLine,
    inspected_part: &InspectedPart,
) -> Result<Vec<Part>, Rejection> {
    if line.lots.is_empty() {
        if inspected_part.lot.is_specified() {
            return Err(ReturnStepRefusal::CameInNoLot.at(lot_field(inspected_part.field)));
        }
        return Ok(vec![Part { lot: None, quantity: inspected_part.quantity, condition: Condition::Quarantine, blocked: None }]);
    }
    let requested_lot = match &inspected_part.lot {
        LotChoice::Unsaid => None,
        specified => Some(
            draft
                .specified_lot_id(key.product, specified)
                .ok_or_else(|| Rejection::not_found(Noun::Lot, lot_field(inspected_part.field)))?,
        ),
    };
    let is_requested = |lot: LotId| requested_lot.is_none_or(|requested| requested == lot);
    // Checked before a unit is taken: a refused line takes none from the next one, which is checked
    // all the same.
    let requested_lots = line.lots.iter().filter(|return_lot| is_requested(return_lot.lot));
    let quantity: i64 = requested_lots.map(|return_lot| return_lot.received.get() - return_lot.inspected.get()).sum();
    if quantity < inspected_part.quantity {
        return Err(ReturnStepRefusal::UnseenOfLot { quantity }.at(inspected_part.field));
    }
    let mut remaining = inspected_part.quantity;
    let mut inspected_parts = Vec::new();
    for return_lot in line.lots.iter_mut().filter(|return_lot| is_requested(return_lot.lot)) {
        let quantity_taken = remaining.min(return_lot.received.get() - return_lot.inspected.get());
        if quantity_taken == 0 {
            continue;
        }
        remaining -= quantity_taken;
        return_lot.inspected = count(return_lot.inspected.get() + quantity_taken);
        let blocked = draft.blocked(key, &LotChoice::Id(return_lot.lot));
        let stock_aside = draft.unavailable_units(key, Some(return_lot.lot));
        // Goods that were received into a blocked lot are in the condition of the lot, not in
        // quarantine.
        let condition_by_lot = blocked.filter(|lot_condition| {
            stock_aside.of(Condition::Quarantine) < quantity_taken && stock_aside.of(*lot_condition) >= quantity_taken
        });
        inspected_parts.push(Part {
            lot: Some(return_lot.lot),
            quantity: quantity_taken,
            condition: condition_by_lot.unwrap_or(Condition::Quarantine),
            blocked,
        });
    }
    Ok(inspected_parts)
}

/// Makes unavailable goods available, or moves them to another condition if their lot may not be
/// sold.
fn restock(draft: &mut Draft<'_>, key: LevelKey, part: &Part, field: At) -> Result<(), Rejection> {
    change_condition(draft, key, part.lot, (-part.quantity, part.condition), field)?;
    match part.blocked {
        Some(lot_condition) => change_condition(draft, key, part.lot, (part.quantity, lot_condition), field),
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
