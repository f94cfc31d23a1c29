//! Commands on lots, and on stock that is set aside.

use entity::prelude::*;

use super::refusal::Refusal;
use crate::{
    catalog::core::Patch,
    stock::core::{
        At, Dates, Delta, Draft, Field, LevelKey, Lot, LotChoice, LotName, LotRefusal, MovementHead, Noun, Posting, Rejection,
        RoomRefusal, Shortage, Step, StockPool, check_dates, ensure_available, new_lot,
    },
};

/// Creates a lot before it has stock.
#[derive(Debug, Clone)]
pub struct CreateLot {
    pub product: ProductId,
    pub name: LotName,
    pub note: Option<String>,
}

pub fn decide_create_lot(draft: &mut Draft<'_>, command: &CreateLot) -> Result<(), Rejection> {
    let Some(product) = draft.book().lots.products.get(&command.product) else {
        return Err(Rejection::not_found(Noun::Product, At::input(Field::Product)));
    };
    if product.tracking == Tracking::None {
        return Err(Refusal::NotTracked { sku: product.sku.clone() }.at(At::input(Field::Product)));
    }
    if product.status == ProductStatus::Archived {
        return Err(Refusal::ProductArchived { sku: product.sku.clone() }.at(At::input(Field::Product)));
    }
    if draft.lot_by_code(command.product, &command.name.key).is_some() {
        return Err(Refusal::CodeTaken { sku: product.sku.clone() }.at(At::input(Field::Code)));
    }
    let tracking = product.tracking;
    let lot = new_lot(command.product, &command.name, tracking, draft.now(), At::input(Field::ExpiresOn))?;
    draft.put_changed_lot(Lot { note: command.note.clone(), ..lot });
    Ok(())
}

/// Action on a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LotAction {
    /// No unit of the lot is sold until it is released.
    Quarantine,
    Recall,
    Release,
    /// Change the lot's dates and note.
    Change {
        made_on: Patch<i32>,
        expires_on: Patch<i32>,
        note: Patch<String>,
    },
    /// Step of the job: sets an expired lot aside.
    Expire,
}

/// Command: a step of a whole lot, in all stores.
#[derive(Debug, Clone)]
pub struct ActOnLot {
    pub head: MovementHead,
    pub room: MovementId,
    pub on_shortage: Shortage,
    pub lot: LotId,
    pub action: LotAction,
    pub expected_version: Option<i64>,
    /// Levels that hold the lot, read before.
    pub places: Vec<LevelKey>,
}

/// Returns the lot's status after the step, or the reason of its refusal.
fn step(lot: &Lot, action: &LotAction) -> Result<LotStatus, Rejection> {
    use LotStatus::{Available, Quarantine, Recalled};
    let next = match (action, lot.status) {
        (LotAction::Change { .. } | LotAction::Expire, status) => Some(status),
        (LotAction::Quarantine, Available) => Some(Quarantine),
        (LotAction::Recall, Available | Quarantine) => Some(Recalled),
        (LotAction::Release, Quarantine | Recalled) => Some(Available),
        _ => None,
    };
    next.ok_or_else(|| Refusal::Status(lot.status).at(At::input(Field::Id)))
}

/// Moves the lot's stock according to its new status: stock that may no longer be sold is set
/// aside, and stock that may be sold again becomes available.
pub fn decide_act_on_lot(draft: &mut Draft<'_>, command: &ActOnLot) -> Result<(), Rejection> {
    let field = At::input(Field::Id);
    let before = draft.lot(command.lot).ok_or_else(|| Rejection::not_found(Noun::Lot, field))?.clone();
    if command.expected_version.is_some_and(|expected| expected != before.version) {
        let (id, actual) = (before.id.uuid(), before.version);
        return Err(Rejection::stale(Noun::Lot, id, actual));
    }
    if command.on_shortage == Shortage::PostDiscrepancy {
        return Err(Refusal::NoDiscrepancy.at(At::input(Field::OnShortage)));
    }
    let after = apply_action(&before, command, draft.now())?;
    let level_keys: Vec<LevelKey> = draft
        .book()
        .lots
        .levels
        .values()
        .filter(|level| level.lot == before.id && level.on_hand > 0)
        .map(|level| level.key)
        .collect();
    if level_keys.iter().any(|key| !command.places.contains(key)) {
        return Err(Refusal::CameElsewhere.at(field));
    }
    let plans = build_plans(draft, command, (&before, &after), &level_keys, field)?;
    let is_changed = Lot { version: before.version, updated_at: before.updated_at, ..after.clone() } != before;
    if is_changed {
        draft.edit_lot(before, after.clone());
    }
    let steps: Vec<Step> = plans
        .iter()
        .map(|plan| {
            let freed: i64 = plan.free.iter().map(|(_, units)| units).sum();
            let available_delta = freed - plan.block.map_or(0, |(_, units)| units);
            Step { key: plan.key, available_delta, on_hand_delta: 0, lots: Vec::new(), field }
        })
        .collect();
    ensure_available(draft, &steps, command.on_shortage, &command.head, command.room.into())?;
    let Some(first) = plans.first() else { return Ok(()) };
    draft.begin(command.head.clone(), first.key, field)?;
    for plan in &plans {
        for (condition, quantity) in &plan.free {
            post_unavailable(draft, plan.key, after.id, (*condition, -quantity), field)?;
        }
        if let Some((condition, quantity)) = plan.block {
            post_unavailable(draft, plan.key, after.id, (condition, quantity), field)?;
        }
    }
    Ok(())
}

fn apply_action(before: &Lot, command: &ActOnLot, now: Timestamp) -> Result<Lot, Rejection> {
    let status = step(before, &command.action)?;
    let mut after = Lot { status, version: before.version + 1, updated_at: now, ..before.clone() };
    if let LotAction::Change { made_on, expires_on, note } = &command.action {
        made_on.apply(&mut after.made_on);
        expires_on.apply(&mut after.expires_on);
        note.apply(&mut after.note);
        check_dates(after.made_on, after.expires_on, At::input(Field::ExpiresOn))?;
    }
    Ok(after)
}

/// Movements of a lot's stock at one level.
struct Plan {
    key: LevelKey,
    /// Units that become available, by the condition that they leave.
    free: Vec<(Condition, i64)>,
    block: Option<(Condition, i64)>,
}

fn build_plans(
    draft: &Draft<'_>,
    command: &ActOnLot,
    (before, after): (&Lot, &Lot),
    level_keys: &[LevelKey],
    field: At,
) -> Result<Vec<Plan>, Rejection> {
    let mut plans = Vec::new();
    for key in level_keys {
        let Some(level_of_lot) = draft.lot_level(*key, after.id) else { continue };
        let today = draft.today(&draft.level(*key, field)?.facts.clone());
        let target = after.blocked(today);
        let stock_aside = draft.unavailable_units(*key, Some(after.id));
        let can_leave = |condition: Condition| match condition {
            Condition::Damaged => false,
            // Units that were put in quarantine by hand stay there until the lot's own quarantine
            // ends.
            Condition::Quarantine => before.status == LotStatus::Quarantine || command.action == LotAction::Release,
            Condition::Expired | Condition::Recalled => true,
        };
        let leaving_conditions = Condition::ALL.iter().filter(|condition| Some(**condition) != target && can_leave(**condition));
        // Returned units stay unavailable until they are inspected, whatever the lot's status.
        let uninspected = draft.book().lots.unseen.get(&(key.store, after.id)).copied().unwrap_or(0);
        let staying_units = |condition: Condition| if condition == Condition::Quarantine { uninspected } else { 0 };
        let freed_parts: Vec<(Condition, i64)> = leaving_conditions
            .map(|freed_condition| (*freed_condition, stock_aside.of(*freed_condition) - staying_units(*freed_condition)))
            .filter(|(_, units)| *units > 0)
            .collect();
        let freed_units: i64 = freed_parts.iter().map(|(_, units)| units).sum();
        let block = target.map(|condition| (condition, level_of_lot.available() + freed_units)).filter(|(_, units)| *units > 0);
        if !freed_parts.is_empty() || block.is_some() {
            plans.push(Plan { key: *key, free: freed_parts, block });
        }
    }
    Ok(plans)
}

/// Posts an entry that sets a lot's stock aside, or makes it available again.
fn post_unavailable(
    draft: &mut Draft<'_>,
    key: LevelKey,
    lot: LotId,
    (condition, delta): (Condition, i64),
    field: At,
) -> Result<(), Rejection> {
    let delta = Delta { unavailable: delta, ..Delta::default() };
    let lot = LotChoice::Id(lot);
    draft.post_to(key, Posting { delta, condition: Some(condition), lot, dates: Dates::Override, ..Posting::default() }, field)
}

/// Destination of stock that is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    Available,
    Quarantine,
    Damaged,
    WrittenOff,
}

/// Command: moves stock between available, a condition of unavailable stock, and out of stock.
#[derive(Debug, Clone)]
pub struct MoveStock {
    pub head: MovementHead,
    pub room: MovementId,
    pub on_shortage: Shortage,
    /// None for available stock.
    pub from: Option<Condition>,
    pub to: Destination,
    pub items: Vec<MoveItem>,
}
#[derive(Debug, Clone)]
pub struct MoveItem {
    pub key: LevelKey,
    pub quantity: Quantity,
    pub lot: LotChoice,
    pub note: Option<String>,
}

/// Permitted moves: from the first, to one of the others.
const ALLOWED_MOVES: [(Option<Condition>, &[Destination]); 5] = [
    (None, &[Destination::Quarantine, Destination::Damaged, Destination::WrittenOff]),
    (Some(Condition::Quarantine), &[Destination::Available, Destination::Damaged, Destination::WrittenOff]),
    (Some(Condition::Damaged), &[Destination::Available, Destination::Quarantine, Destination::WrittenOff]),
    (Some(Condition::Expired), &[Destination::WrittenOff]),
    (Some(Condition::Recalled), &[Destination::WrittenOff]),
];

/// Moves all items or none.
pub fn decide_move(draft: &mut Draft<'_>, command: &MoveStock) -> Result<(), Rejection> {
    let Some(first) = command.items.first() else {
        return Err(Refusal::NoItems.at(At::input(Field::Items)));
    };
    if !ALLOWED_MOVES.iter().any(|(from, to)| *from == command.from && to.contains(&command.to)) {
        return Err(Refusal::WayClosed.at(At::input(Field::To)));
    }
    if draft.collects_refusals() {
        for (index, item) in command.items.iter().enumerate() {
            draft.check_exists(item.key, At::row(Field::Items, index))?;
        }
    }
    let mut steps = Vec::with_capacity(command.items.len());
    for (index, item) in command.items.iter().enumerate() {
        let step = move_step(draft, command, (item, At::row(Field::Items, index)));
        steps.extend(draft.pass(step)?);
    }
    draft.end_pass()?;
    ensure_available(draft, &steps, command.on_shortage, &command.head, command.room.into())?;
    draft.begin(command.head.clone(), first.key, At::row(Field::Items, 0))?;
    for (item, step) in command.items.iter().zip(&steps) {
        let move_result = move_item(draft, command, item, step.field);
        draft.pass(move_result)?;
    }
    Ok(())
}

fn move_step(draft: &Draft<'_>, command: &MoveStock, (item, row): (&MoveItem, At)) -> Result<Step, Rejection> {
    let field = row.field(Field::Quantity);
    if !item.quantity.is_positive() {
        return Err(Refusal::NotPositive.at(field));
    }
    draft.stocked_level(item.key, row)?;
    let quantity = item.quantity.get();
    let available_delta = match (command.from, command.to) {
        (None, _) => -quantity,
        (Some(_), Destination::Available) => quantity,
        (Some(_), _) => 0,
    };
    let on_hand_delta = if command.to == Destination::WrittenOff { -quantity } else { 0 };
    let lots = if command.from.is_none() { vec![(item.lot.clone(), on_hand_delta)] } else { Vec::new() };
    Ok(Step { key: item.key, available_delta, on_hand_delta, lots, field })
}

fn move_item(draft: &mut Draft<'_>, command: &MoveStock, item: &MoveItem, field: At) -> Result<(), Rejection> {
    let facts = draft.level(item.key, field)?.facts.clone();
    let stock_pool = command.from.map_or(StockPool::Available, StockPool::Aside);
    if facts.tracking == Tracking::None {
        return move_part(draft, command, item, (LotChoice::Unsaid, item.quantity.get()), field);
    }
    let posting = Posting { lot: item.lot.clone(), dates: Dates::Override, ..Posting::default() };
    for (lot, quantity) in draft.pick(item.key, &posting, (stock_pool, item.quantity.get()), field)? {
        let today = draft.today(&facts);
        let blocked = draft.lot(lot).and_then(|lot| Some((lot.code.clone(), lot.blocked(today)?)));
        if let (Destination::Available, Some((code, block_reason))) = (command.to, blocked) {
            return Err(Refusal::Blocked { code, why: block_reason }.at(if item.lot.is_specified() {
                field.lot()
            } else {
                field
            }));
        }
        move_part(draft, command, item, (LotChoice::Id(lot), quantity), field)?;
    }
    Ok(())
}

/// Moves a part. Stock that goes from one condition to another first becomes available, so that
/// each entry has one reason.
fn move_part(
    draft: &mut Draft<'_>,
    command: &MoveStock,
    item: &MoveItem,
    (lot, quantity): (LotChoice, i64),
    field: At,
) -> Result<(), Rejection> {
    let cost = draft.level(item.key, field)?.facts.cost;
    if !matches!(lot, LotChoice::Id(_)) && item.lot.is_specified() {
        let sku = draft.level(item.key, field)?.facts.sku.clone();
        return Err(LotRefusal::NotTracked { sku }.at(field.lot()));
    }
    let is_gone = command.to == Destination::WrittenOff;
    let mut post = |unavailable: i64, on_hand: i64, condition: Option<Condition>| {
        let delta = Delta { on_hand, unavailable, ..Delta::default() };
        let cost = cost.filter(|_| on_hand != 0);
        let note = item.note.clone();
        draft.post_to(item.key, Posting { delta, cost, note, lot: lot.clone(), condition, dates: Dates::Override }, field)
    };
    if let Some(from) = command.from {
        post(-quantity, if is_gone { -quantity } else { 0 }, Some(from))?;
    } else if is_gone {
        post(0, -quantity, None)?;
    }
    match command.to {
        Destination::Quarantine => post(quantity, 0, Some(Condition::Quarantine)),
        Destination::Damaged => post(quantity, 0, Some(Condition::Damaged)),
        Destination::Available | Destination::WrittenOff => Ok(()),
    }
}
