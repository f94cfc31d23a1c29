//! Amending an order that was placed: one command with all changes, a difference for each line.

use std::collections::BTreeSet;

use entity::prelude::*;

use super::{
    act::head,
    blanket::BlanketOrder,
    blanket_refusal::BlanketRefusal,
    book::{PurchaseBook, PurchaseDecision},
    call_off::{blanket_of, build_agreed_lines, check_remaining_quantity},
    confirm::{place_of, refuse_cancelled},
    create::{line as new_line, recalculate_totals},
    expected_date::local_today,
    landed_shares::LandedShares,
    lead_time::LeadTimes,
    new_line::{NewLine, Prices},
    numbers::check_numbers,
    order::{Change, Discrepancy, Line, PurchaseOrder},
    order_state::{OrderState, Placement},
    quantities::count,
    reallocation::{carried, rebalance_charges},
    refusal::{AmendRefusal, Refusal},
    states::Action,
};
use crate::purchasing::events;
use crate::stock::core::{At, Delta, Draft, Field, Rejection, RoomRefusal};

/// The most lines of an order that are not cancelled.
const MAX_ACTIVE_LINES: usize = 2_000;

/// Command to change a placed order; `None` keeps a field.
#[derive(Debug, Clone)]
pub struct Revise {
    pub order: PurchaseOrderId,
    pub expected_version: Option<i64>,
    pub expected_on: Option<Option<i32>>,
    pub note: Option<Option<String>>,
    pub set_lines: Vec<SetLine>,
    pub add_lines: Vec<NewLine>,
    pub cancel_lines: Vec<PurchaseOrderLineId>,
    /// Lead times of added products.
    pub leads: LeadTimes,
    pub raise: PriceRaise,
    /// Reason; kept with the planned stock.
    pub reason: Option<String>,
    pub actor: Actor,
    pub movement: MovementId,
}

/// Change of a line.
#[derive(Debug, Clone, Copy)]
pub struct SetLine {
    pub line: PurchaseOrderLineId,
    pub quantity: Option<Quantity>,
    /// Cost of the units that have yet to come.
    pub unit_cost: Option<Money>,
    pub expected_on: Option<Option<i32>>,
}

/// Whether the caller may make an order dearer than it was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceRaise {
    /// Only an approver of orders may raise it.
    Never,
    /// One person alone may raise it up to this total; None for any total.
    UpTo(Option<Money>),
}

impl Revise {
    pub(super) fn weight(&self) -> usize {
        self.set_lines.len() + self.add_lines.len() + self.cancel_lines.len()
    }
}

pub fn decide_revise(book: &PurchaseBook, draft: &mut Draft<'_>, command: &Revise) -> Result<PurchaseDecision, Rejection> {
    let mut order = book.order_for(command.order, Action::Amend, command.expected_version)?;
    let Some((placement, received_at)) = order.state.placement_and_receipt() else { return Err(order.status_refusal()) };
    check_numbers(&order)?;
    let (before, original, charged) = (order.status(), order.clone(), carried(&order));
    if order.change == Change::Figures {
        order.change = Change::Revised { lines: order.lines.len() as u16 };
    }
    order.revision = order.revision.saturating_add(1);
    order.expected_on = command.expected_on.unwrap_or(order.expected_on);
    order.note = command.note.clone().unwrap_or(order.note);
    let blanket = blanket_of(book, &order);
    check_agreed_prices(draft, blanket, (&order, command))?;
    let agreed_lines = build_agreed_lines(draft, (blanket, order.store), (&command.add_lines, Field::AddLines))?;
    change_lines(draft, &mut order, command)?;
    add_lines(draft, &mut order, (&agreed_lines, &command.leads))?;
    draft.end_pass()?;
    check_remaining_quantity(draft, blanket, (Some(&original), &order), |index| amended_line_place(&original, command, index))?;
    if order.lines.iter().all(Line::is_cancelled) {
        return Err(AmendRefusal::AllCancelled.at(At::input(Field::CancelLines)));
    }
    recalculate_totals(draft, &mut order, |_| At::INPUT).map_err(|rejection| Rejection { at: At::INPUT, ..rejection })?;
    rebalance_charges(&mut order, &charged);
    check_price_raise(&original, &order, command.raise)?;
    let discrepancies = complete_if_received(&mut order, (placement, received_at), draft.now());
    plan(draft, (&original, &order), command)?;
    order.record_editor(command.actor);
    order.touch(draft.now());
    let events = vec![order.event(events::PURCHASE_ORDER_AMENDED, Some(before))];
    let before = Some(Box::new(original));
    Ok(PurchaseDecision { orders: vec![order], discrepancies, events, before, ..PurchaseDecision::default() })
}

/// Refuses changed lines that state another price than the agreed one.
fn check_agreed_prices(
    draft: &mut Draft<'_>,
    blanket: Option<&BlanketOrder>,
    (order, command): (&PurchaseOrder, &Revise),
) -> Result<(), Rejection> {
    let Some(blanket) = blanket else { return Ok(()) };
    for (index, set) in command.set_lines.iter().enumerate() {
        let at = At::row(Field::SetLines, index);
        let Some(stated) = set.unit_cost else { continue };
        // Lines of other orders are refused where lines change.
        let Ok(line_index) = place_of(order, set.line, at) else { continue };
        let agreed_line = blanket.line_of(order.lines[line_index].product).filter(|line| line.unit_cost != stated);
        if let Some(line) = agreed_line {
            let refusal = BlanketRefusal::OtherPrice { sku: line.sku.clone(), agreed: line.unit_cost };
            draft.refuse(refusal.at(at.field(Field::UnitCost)))?;
        }
    }
    Ok(())
}

/// Returns the place in the input of a line of an amended order: existing lines that change come
/// first, then the added ones.
fn amended_line_place(original: &PurchaseOrder, command: &Revise, index: usize) -> At {
    if let Some(added_line) = index.checked_sub(original.lines.len()).and_then(|added_index| command.add_lines.get(added_index)) {
        return At::row(Field::AddLines, added_line.place).field(Field::Quantity);
    }
    let is_meant = |set: &SetLine| place_of(original, set.line, At::INPUT).is_ok_and(|line_index| line_index == index);
    match command.set_lines.iter().position(is_meant) {
        Some(set) => At::row(Field::SetLines, set).field(Field::Quantity),
        None => At::INPUT,
    }
}

/// Changes existing lines, each named once.
fn change_lines(draft: &mut Draft<'_>, order: &mut PurchaseOrder, command: &Revise) -> Result<(), Rejection> {
    let (mut seen_indexes, now) = (BTreeSet::new(), draft.now());
    for (index, set) in command.set_lines.iter().enumerate() {
        let changed = change_line(order, &mut seen_indexes, set, At::row(Field::SetLines, index));
        draft.pass(changed)?;
    }
    for (index, line) in command.cancel_lines.iter().enumerate() {
        let cancelled = cancel_line(order, &mut seen_indexes, (*line, now), At::row(Field::CancelLines, index));
        draft.pass(cancelled)?;
    }
    Ok(())
}

/// Returns the index of a line of the order; refuses one that was named before.
fn first(seen_indexes: &mut BTreeSet<usize>, line_index: usize, at: At) -> Result<usize, Rejection> {
    if seen_indexes.insert(line_index) { Ok(line_index) } else { Err(Refusal::LineTwice.at(at)) }
}

fn change_line(order: &mut PurchaseOrder, seen_indexes: &mut BTreeSet<usize>, set: &SetLine, at: At) -> Result<(), Rejection> {
    let line_field = at.field(Field::LineId);
    let line_index = first(seen_indexes, place_of(order, set.line, line_field)?, line_field)?;
    match set_line(order, line_index, set, at)? {
        Some(rest_line) => push(order, rest_line, at),
        None => Ok(()),
    }
}

fn cancel_line(
    order: &mut PurchaseOrder,
    seen_indexes: &mut BTreeSet<usize>,
    (line, now): (PurchaseOrderLineId, Timestamp),
    at: At,
) -> Result<(), Rejection> {
    let line_index = first(seen_indexes, place_of(order, line, at)?, at)?;
    let revision = order.revision;
    let line = &mut order.lines[line_index];
    refuse_cancelled(line, at)?;
    if line.received.is_positive() {
        return Err(AmendRefusal::LineReceived { sku: line.sku.clone(), received: line.received }.at(at));
    }
    line.give_up();
    (line.cancelled_at, line.revision) = (Some(now), revision);
    Ok(())
}

/// Changes a line. A line with receipts keeps its cost: the rest at another cost becomes a line of
/// its own, which is returned.
fn set_line(order: &mut PurchaseOrder, line_index: usize, set: &SetLine, at: At) -> Result<Option<Line>, Rejection> {
    let (currency, revision) = (order.currency, order.revision);
    let line = &mut order.lines[line_index];
    refuse_cancelled(line, at.field(Field::LineId))?;
    line.revision = revision;
    if let Some(on) = set.expected_on {
        // The new day is newer than the supplier's confirmation.
        (line.expected_on, line.confirmed.on) = (on, None);
    }
    let quantity = set.quantity.unwrap_or(line.quantity);
    let is_changed = quantity != line.quantity;
    if is_changed && (quantity < line.received || !quantity.is_positive()) {
        return Err(AmendRefusal::QuantityFrom { sku: line.sku.clone(), received: line.received }.at(at.field(Field::Quantity)));
    }
    if is_changed {
        line.confirmed.quantity = None;
    }
    let too_large = || Refusal::LineTooLarge.at(at.field(Field::Quantity));
    let unit_cost = set.unit_cost.unwrap_or(line.unit_cost);
    if unit_cost == line.unit_cost {
        resize(line, quantity).ok_or_else(too_large)?;
        return Ok(None);
    }
    let field = at.field(Field::UnitCost);
    if unit_cost.currency != currency {
        return Err(Refusal::UnitCostIn { given: unit_cost.currency, order: currency }.at(field));
    }
    if unit_cost.minor < 0 {
        return Err(Refusal::NegativeCost.at(field));
    }
    if !line.received.is_positive() {
        line.unit_cost = unit_cost;
        resize(line, quantity).ok_or_else(too_large)?;
        return Ok(None);
    }
    let received_quantity = line.received;
    if quantity <= received_quantity {
        return Err(AmendRefusal::NothingToCome { sku: line.sku.clone() }.at(field));
    }
    resize(line, quantity).ok_or_else(too_large)?;
    let zero = Quantity::ZERO;
    let rest_quantity = count(quantity.get() - received_quantity.get());
    let mut later_line =
        Line { unit_cost, received: zero, damaged: zero, returned: zero, off: LandedShares::default(), ..line.clone() };
    (later_line.charges.minor, later_line.charges_in_books) = (0, 0);
    later_line.confirmed.quantity = None;
    resize(&mut later_line, rest_quantity).ok_or_else(too_large)?;
    line.confirmed.quantity = None;
    resize(line, received_quantity).ok_or_else(too_large)?;
    Ok(Some(later_line))
}

/// Sets a line's quantity, with its total, weight and open units; None if an amount exceeds the
/// exact range.
fn resize(line: &mut Line, quantity: Quantity) -> Option<()> {
    line.total = line.unit_cost.times(quantity, line.decimals)?;
    if let Some(weight) = line.weight {
        let (before, now) = (i128::from(line.quantity.get()), i128::from(quantity.get()));
        line.weight = Some(i64::try_from((2 * i128::from(weight) * now + before) / (2 * before)).ok()?);
    }
    line.quantity = quantity;
    line.open = count((quantity.get() - line.received.get()).max(0));
    Some(())
}

fn add_lines(
    draft: &mut Draft<'_>,
    order: &mut PurchaseOrder,
    (new_lines, leads): (&[NewLine], &LeadTimes),
) -> Result<(), Rejection> {
    let Some(today) = local_today(draft, order)? else { return Ok(()) };
    for added_line in new_lines {
        let line = new_line(draft, (&*order, Prices::Stated), (Field::AddLines, order.lines.len()), added_line);
        let Some(mut line) = draft.pass(line)? else { continue };
        line.lead = leads.day(line.product, today);
        push(order, line, At::row(Field::AddLines, added_line.place))?;
    }
    let standing = order.lines.iter().filter(|line| !line.is_cancelled()).count();
    if standing > MAX_ACTIVE_LINES {
        return Err(AmendRefusal::LinesUpTo { most: MAX_ACTIVE_LINES }.at(At::input(Field::AddLines)));
    }
    Ok(())
}

/// Appends a line, at the next position.
fn push(order: &mut PurchaseOrder, line: Line, at: At) -> Result<(), Rejection> {
    let last_position = order.lines.last().map_or(0, |line| line.position);
    if last_position >= entity::id::MAX_LINES {
        return Err(AmendRefusal::LinesUpTo { most: usize::from(entity::id::MAX_LINES) }.at(at));
    }
    order.lines.push(Line { position: last_position + 1, ..line });
    Ok(())
}

/// Refuses a total above the approved one unless the caller may approve; above the limit no person
/// may raise it alone.
fn check_price_raise(original: &PurchaseOrder, order: &PurchaseOrder, raise: PriceRaise) -> Result<(), Rejection> {
    let is_raised = original.total().zip(order.total()).is_none_or(|(before, now)| now.minor > before.minor);
    match raise {
        _ if !is_raised => Ok(()),
        PriceRaise::Never => Err(AmendRefusal::RaiseNeedsApprover.at(At::INPUT)),
        PriceRaise::UpTo(Some(limit)) if order.is_above(limit) => Err(AmendRefusal::RaiseAboveLimit(limit).at(At::INPUT)),
        PriceRaise::UpTo(_) => Ok(()),
    }
}

/// Sets the order's status: if every line is complete within the tolerance, it is received, and
/// open quantities are given up.
fn complete_if_received(
    order: &mut PurchaseOrder,
    (placement, received_at): (Placement, Option<Timestamp>),
    now: Timestamp,
) -> Vec<Discrepancy> {
    let tolerance = order.under_percent;
    let Some(at) = received_at.filter(|_| order.lines.iter().all(|line| line.is_complete(tolerance))) else { return Vec::new() };
    order.state = OrderState::Received(placement, at);
    let mut discrepancies = Vec::new();
    for line_index in 0..order.lines.len() {
        let short = order.lines[line_index].give_up();
        if short.is_positive() {
            let position = Some(order.lines[line_index].position);
            discrepancies.push(Discrepancy { position, ..order.note(DiscrepancyKind::Short, short, now) });
        }
    }
    discrepancies
}

/// Reduces incoming stock by the quantities that are given up, then adds the new ones: only the
/// difference of each line.
fn plan(draft: &mut Draft<'_>, (original, order): (&PurchaseOrder, &PurchaseOrder), command: &Revise) -> Result<(), Rejection> {
    let Some(first_line) = order.lines.first() else { return Ok(()) };
    let (now, at) = (draft.now(), At::input(Field::Id));
    draft.begin(head(order, command.movement, command.actor, command.reason.clone(), now), order.key(first_line), at)?;
    // Lines keep their indexes: those after the earlier ones are new.
    let before = original.lines.iter().map(|line| line.open.get()).chain(std::iter::repeat(0));
    let deltas: Vec<i64> = order.lines.iter().zip(before).map(|(line, before)| line.open.get() - before).collect();
    for is_gained in [false, true] {
        for (line, incoming) in order.lines.iter().zip(&deltas).filter(|(_, delta)| **delta != 0 && (**delta > 0) == is_gained) {
            let planned = draft.post(order.key(line), Delta { incoming: *incoming, ..Delta::default() }, None, None, at);
            draft.pass(planned)?;
        }
    }
    draft.end();
    Ok(())
}
