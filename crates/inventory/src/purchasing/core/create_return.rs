//! Goods that go back to their supplier, and the credit for them.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    book::{PurchaseBook, PurchaseDecision},
    document_event::DocumentEvent,
    order::PurchaseOrder,
    quantities::count,
    refusal::Refusal,
    supplier_return::{SupplierReturn, SupplierReturnLine},
};
use crate::ledger::DocumentNumber;
use crate::purchasing::events;
use crate::stock::core::{
    At, Delta, Draft, Field, LevelKey, LotChoice, MovementHead, Noun, Posting, Reference, ReferenceKind, Rejection, RoomRefusal,
};

#[derive(Debug, Clone)]
pub struct CreateSupplierReturn {
    pub id: SupplierReturnId,
    pub supplier: SupplierId,
    /// Suppliers that are merged into it: their orders keep them, and the goods are returned to the
    /// survivor.
    pub merged: Vec<SupplierId>,
    pub store: StoreId,
    pub external_ref: Option<String>,
    pub reason: ReasonCode,
    pub note: Option<String>,
    pub occurred_at: Option<Timestamp>,
    pub lines: Vec<NewReturnLine>,
    pub actor: Actor,
    pub movement: MovementId,
}

#[derive(Debug, Clone)]
pub struct NewReturnLine {
    pub product: ProductId,
    pub of: Option<PurchaseOrderLineId>,
    pub quantity: Quantity,
    pub source: ReturnSource,
    /// None for the cost of the order's line, else the product's cost.
    pub unit_credit: Option<Money>,
    /// Lot, if stock is kept by lots; if none is named, the first to expire.
    pub lot: LotChoice,
}

pub fn decide_supplier_return(
    book: &PurchaseBook,
    draft: &mut Draft<'_>,
    command: &CreateSupplierReturn,
) -> Result<PurchaseDecision, Rejection> {
    // It was in use when the call was read; while the counter row is locked, it cannot be archived.
    if let Some(since) = book.archived.get(&command.supplier) {
        draft.refuse(Refusal::SupplierArchived { since: *since }.at(At::input(Field::Supplier)))?;
    }
    let now = draft.now();
    let occurred_at = command.occurred_at.unwrap_or(now);
    let Some(first_line) = command.lines.first() else {
        return Err(Refusal::NoLines.at(At::input(Field::Lines)));
    };
    let at = LevelKey { product: first_line.product, store: command.store };
    if draft.collects_refusals() {
        for (index, line) in command.lines.iter().enumerate() {
            let key = LevelKey { product: line.product, store: command.store };
            draft.check_exists(key, At::line(index).field(Field::Product))?;
        }
    }
    let mut orders: BTreeMap<PurchaseOrderId, PurchaseOrder> = BTreeMap::new();
    draft.begin(return_head(command, occurred_at), at, At::line(0).field(Field::Product))?;
    let mut lines = Vec::with_capacity(command.lines.len());
    let mut credit: Option<Money> = None;
    for (index, new_line) in command.lines.iter().enumerate() {
        let line = line(book, draft, command, (index, new_line), &mut orders);
        let Some(line) = draft.pass(line)? else { continue };
        if credit.is_some_and(|sum| sum.currency != line.total.currency) {
            draft.refuse(Refusal::OneCurrency.at(At::line(index).field(Field::UnitCredit)))?;
            continue;
        }
        let sum = credit.map_or(Some(line.total), |sum| sum.checked_add(line.total));
        credit = Some(sum.ok_or_else(|| Refusal::CreditTooLarge.at(At::input(Field::Lines)))?);
        lines.push(line);
    }
    draft.end_pass()?;
    draft.end();
    let order_ids: Vec<PurchaseOrderId> = orders.keys().copied().collect();
    let supplier_return = SupplierReturn {
        id: command.id,
        number: DocumentNumber::Pending,
        supplier: command.supplier,
        store: command.store,
        order: if let [one] = order_ids.as_slice() { Some(*one) } else { None },
        external_ref: command.external_ref.clone(),
        credit: credit.ok_or_else(|| Refusal::NoLines.at(At::input(Field::Lines)))?,
        reason: command.reason,
        note: command.note.clone(),
        occurred_at,
        business_date: draft.business_date(occurred_at, at, At::input(Field::OccurredAt))?,
        actor: command.actor,
        created_at: now,
        lines,
    };
    orders.values_mut().for_each(|order| order.touch(now));
    let event = DocumentEvent::Return { kind: events::SUPPLIER_RETURN_CREATED, ret: supplier_return.id };
    Ok(PurchaseDecision {
        orders: orders.into_values().collect(),
        returns: vec![supplier_return],
        events: vec![event],
        ..PurchaseDecision::default()
    })
}

fn return_head(command: &CreateSupplierReturn, occurred_at: Timestamp) -> MovementHead {
    MovementHead {
        id: command.movement,
        kind: MovementKind::Removal,
        reason: Some(command.reason),
        note: command.note.clone(),
        external_ref: command.external_ref.clone(),
        reference: Some(Reference { kind: ReferenceKind::SupplierReturn, id: command.id.uuid() }),
        actor: command.actor,
        reverses: None,
        occurred_at,
    }
}

fn line(
    book: &PurchaseBook,
    draft: &mut Draft<'_>,
    command: &CreateSupplierReturn,
    (index, new_line): (usize, &NewReturnLine),
    orders: &mut BTreeMap<PurchaseOrderId, PurchaseOrder>,
) -> Result<SupplierReturnLine, Rejection> {
    let at = |name: Field| At::line(index).field(name);
    let key = LevelKey { product: new_line.product, store: command.store };
    let facts = draft.stocked_at(key, (at(Field::Product), At::input(Field::Store)))?.facts.clone();
    if !new_line.quantity.is_positive() {
        return Err(Refusal::NotPositive.at(at(Field::Quantity)));
    }
    let bought_at = new_line.of.map(|line_id| return_quantity(book, command, orders, (index, new_line, line_id))).transpose()?;
    let Some(unit_credit) = new_line.unit_credit.or(bought_at).or(facts.cost) else {
        return Err(Refusal::NoCredit { sku: facts.sku.clone() }.at(at(Field::UnitCredit)));
    };
    if unit_credit.minor < 0 {
        return Err(Refusal::NegativeCredit.at(at(Field::UnitCredit)));
    }
    let cost = bought_at.or(facts.cost);
    for (delta, condition) in plan_return_deltas(draft, key, new_line) {
        let posting = Posting { delta, cost, lot: new_line.lot.clone(), condition, ..Posting::default() };
        draft.post_to(key, posting, at(Field::Quantity))?;
    }
    let total = unit_credit.times(new_line.quantity, facts.decimals);
    Ok(SupplierReturnLine {
        position: index as u16 + 1,
        product: new_line.product,
        sku: facts.sku.clone(),
        name: facts.name.clone(),
        decimals: facts.decimals,
        of: new_line.of,
        quantity: new_line.quantity,
        source: new_line.source,
        unit_credit,
        total: total.ok_or_else(|| Refusal::LineTooLarge.at(at(Field::Quantity)))?,
        reversed: Quantity::ZERO,
    })
}

/// Order in which unavailable stock is returned: units that are known to be bad before those that
/// have yet to be inspected.
const RETURN_PRIORITY: [Condition; 4] = [Condition::Damaged, Condition::Quarantine, Condition::Recalled, Condition::Expired];

/// Returns the deltas of a return: from the available stock, or from the unavailable stock of any
/// condition, damaged units first.
fn plan_return_deltas(draft: &Draft<'_>, key: LevelKey, new_line: &NewReturnLine) -> Vec<(Delta, Option<Condition>)> {
    let quantity = new_line.quantity.get();
    if new_line.source != ReturnSource::Quarantine {
        return vec![(Delta { on_hand: -quantity, ..Delta::default() }, None)];
    }
    let lot = draft.find_lot(key.product, &new_line.lot).map(|lot| lot.id);
    let removal = |units: i64| Delta { on_hand: -units, unavailable: -units, ..Delta::default() };
    let mut remaining_units = quantity;
    let mut leaving = Vec::new();
    for condition in RETURN_PRIORITY {
        // If no lot is named, the draft picks from those with units in this condition.
        let available = if lot.is_some() {
            draft.unavailable_units(key, lot).of(condition)
        } else {
            draft.all_unavailable_units(key, condition)
        };
        let taken_units = remaining_units.min(available);
        if taken_units > 0 {
            leaving.push((removal(taken_units), Some(condition)));
            remaining_units -= taken_units;
        }
    }
    if remaining_units > 0 {
        leaving.push((removal(remaining_units), Some(Condition::Quarantine)));
    }
    leaving
}

/// Adds the returned quantity to the order's line, and returns its cost.
fn return_quantity(
    book: &PurchaseBook,
    command: &CreateSupplierReturn,
    orders: &mut BTreeMap<PurchaseOrderId, PurchaseOrder>,
    (index, new_line, line_id): (usize, &NewReturnLine, PurchaseOrderLineId),
) -> Result<Money, Rejection> {
    let field = At::line(index).field(Field::PurchaseOrderLine);
    let missing = || Rejection::not_found(Noun::PurchaseOrderLine, field);
    let (id, position) = line_id.split_line();
    let is_own = |order: &&PurchaseOrder| order.supplier == command.supplier || command.merged.contains(&order.supplier);
    if let std::collections::btree_map::Entry::Vacant(vacant) = orders.entry(id) {
        vacant.insert(book.orders.get(&id).filter(is_own).ok_or_else(missing)?.clone());
    }
    let order = orders.get_mut(&id).ok_or_else(missing)?;
    let line = order.lines.iter_mut().find(|line| line.position == position).ok_or_else(missing)?;
    if line.product != new_line.product {
        return Err(Refusal::OtherProduct.at(field));
    }
    let returnable = line.received.get() - line.returned.get();
    if new_line.quantity.get() > returnable {
        let field = At::line(index).field(Field::Quantity);
        return Err(Refusal::BackUpTo { most: returnable }.at(field));
    }
    line.returned = count(line.returned.get() + new_line.quantity.get());
    Ok(line.unit_cost)
}
