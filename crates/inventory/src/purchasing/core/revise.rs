//! Amending an order that was placed: one command with all changes, a difference for each line.

use std::collections::BTreeSet;

use entity::prelude::*;

use super::{
    act::head,
    blanket::BlanketOrder,
    blanket_refusal::BlanketRefusal,
    book::{PurchaseBook, PurchaseDecision},
    call_off::{agreed, blanket_of, check_remaining_quantity},
    confirm::{place_of, refuse_cancelled},
    create::{line as new_line, settle},
    expected_date::today,
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
const MAX_STANDING: usize = 2_000;

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
    let Some((placement, received_at)) = order.state.placed() else { return Err(order.not_open()) };
    check_numbers(&order)?;
    let (before, was, charged) = (order.status(), order.clone(), carried(&order));
    if order.change == Change::Figures {
        order.change = Change::Revised { lines: order.lines.len() as u16 };
    }
    order.revision = order.revision.saturating_add(1);
    order.expected_on = command.expected_on.unwrap_or(order.expected_on);
    order.note = command.note.clone().unwrap_or(order.note);
    let blanket = blanket_of(book, &order);
    check_agreed_prices(draft, blanket, (&order, command))?;
    let added = agreed(draft, (blanket, order.store), (&command.add_lines, Field::AddLines))?;
    change_lines(draft, &mut order, command)?;
    add_lines(draft, &mut order, (&added, &command.leads))?;
    draft.end_pass()?;
    check_remaining_quantity(draft, blanket, (Some(&was), &order), |index| amended_line_field(&was, command, index))?;
    if order.lines.iter().all(Line::is_cancelled) {
        return Err(AmendRefusal::AllCancelled.at(At::input(Field::CancelLines)));
    }
    settle(draft, &mut order, |_| At::INPUT).map_err(|refused| Rejection { at: At::INPUT, ..refused })?;
    rebalance_charges(&mut order, &charged);
    check_price_raise(&was, &order, command.raise)?;
    let discrepancies = complete(&mut order, (placement, received_at), draft.now());
    plan(draft, (&was, &order), command)?;
    order.edited_by(command.actor);
    order.touch(draft.now());
    let events = vec![order.event(events::PURCHASE_ORDER_AMENDED, Some(before))];
    let before = Some(Box::new(was));
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
        let Ok(place) = place_of(order, set.line, at) else { continue };
        let agreed = blanket.line_of(order.lines[place].product).filter(|line| line.unit_cost != stated);
        if let Some(line) = agreed {
            let refusal = BlanketRefusal::OtherPrice { sku: line.sku.clone(), agreed: line.unit_cost };
            draft.refuse(refusal.at(at.field(Field::UnitCost)))?;
        }
    }
    Ok(())
}

/// Returns the place in the input of a line of an amended order: existing lines that change come
/// first, then the added ones.
fn amended_line_field(was: &PurchaseOrder, command: &Revise, index: usize) -> At {
    if let Some(new) = index.checked_sub(was.lines.len()).and_then(|nth| command.add_lines.get(nth)) {
        return At::row(Field::AddLines, new.place).field(Field::Quantity);
    }
    let is_meant = |set: &SetLine| place_of(was, set.line, At::INPUT).is_ok_and(|place| place == index);
    match command.set_lines.iter().position(is_meant) {
        Some(set) => At::row(Field::SetLines, set).field(Field::Quantity),
        None => At::INPUT,
    }
}

/// Changes existing lines, each named once.
fn change_lines(draft: &mut Draft<'_>, order: &mut PurchaseOrder, command: &Revise) -> Result<(), Rejection> {
    let (mut seen, now) = (BTreeSet::new(), draft.now());
    for (index, set) in command.set_lines.iter().enumerate() {
        let changed = change_line(order, &mut seen, set, At::row(Field::SetLines, index));
        draft.pass(changed)?;
    }
    for (index, line) in command.cancel_lines.iter().enumerate() {
        let cancelled = cancel_line(order, &mut seen, (*line, now), At::row(Field::CancelLines, index));
        draft.pass(cancelled)?;
    }
    Ok(())
}

/// Returns the index of a line of the order; refuses one that was named before.
fn first(seen: &mut BTreeSet<usize>, place: usize, at: At) -> Result<usize, Rejection> {
    if seen.insert(place) { Ok(place) } else { Err(Refusal::LineTwice.at(at)) }
}

fn change_line(order: &mut PurchaseOrder, seen: &mut BTreeSet<usize>, set: &SetLine, at: At) -> Result<(), Rejection> {
    let named = at.field(Field::LineId);
    let place = first(seen, place_of(order, set.line, named)?, named)?;
    match set_line(order, place, set, at)? {
        Some(rest) => push(order, rest, at),
        None => Ok(()),
    }
}

fn cancel_line(
    order: &mut PurchaseOrder,
    seen: &mut BTreeSet<usize>,
    (line, now): (PurchaseOrderLineId, Timestamp),
    at: At,
) -> Result<(), Rejection> {
    let place = first(seen, place_of(order, line, at)?, at)?;
    let revision = order.revision;
    let line = &mut order.lines[place];
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
fn set_line(order: &mut PurchaseOrder, place: usize, set: &SetLine, at: At) -> Result<Option<Line>, Rejection> {
    let (currency, revision) = (order.currency, order.revision);
    let line = &mut order.lines[place];
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
    let came = line.received;
    if quantity <= came {
        return Err(AmendRefusal::NothingToCome { sku: line.sku.clone() }.at(field));
    }
    resize(line, quantity).ok_or_else(too_large)?;
    let zero = Quantity::ZERO;
    let rest = count(quantity.get() - came.get());
    let mut later =
        Line { unit_cost, received: zero, damaged: zero, returned: zero, off: LandedShares::default(), ..line.clone() };
    (later.charges.minor, later.charges_in_books) = (0, 0);
    later.confirmed.quantity = None;
    resize(&mut later, rest).ok_or_else(too_large)?;
    line.confirmed.quantity = None;
    resize(line, came).ok_or_else(too_large)?;
    Ok(Some(later))
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
    (added, leads): (&[NewLine], &LeadTimes),
) -> Result<(), Rejection> {
    let Some(today) = today(draft, order)? else { return Ok(()) };
    for new in added {
        let line = new_line(draft, (&*order, Prices::Stated), (Field::AddLines, order.lines.len()), new);
        let Some(mut line) = draft.pass(line)? else { continue };
        line.lead = leads.day(line.product, today);
        push(order, line, At::row(Field::AddLines, new.place))?;
    }
    let standing = order.lines.iter().filter(|line| !line.is_cancelled()).count();
    if standing > MAX_STANDING {
        return Err(AmendRefusal::LinesUpTo { most: MAX_STANDING }.at(At::input(Field::AddLines)));
    }
    Ok(())
}

/// Appends a line, at the next position.
fn push(order: &mut PurchaseOrder, line: Line, at: At) -> Result<(), Rejection> {
    let last = order.lines.last().map_or(0, |line| line.position);
    if last >= entity::id::MAX_LINES {
        return Err(AmendRefusal::LinesUpTo { most: usize::from(entity::id::MAX_LINES) }.at(at));
    }
    order.lines.push(Line { position: last + 1, ..line });
    Ok(())
}

/// Refuses a total above the approved one unless the caller may approve; above the limit no person
/// may raise it alone.
fn check_price_raise(was: &PurchaseOrder, order: &PurchaseOrder, raise: PriceRaise) -> Result<(), Rejection> {
    let is_raised = was.total().zip(order.total()).is_none_or(|(before, now)| now.minor > before.minor);
    match raise {
        _ if !is_raised => Ok(()),
        PriceRaise::Never => Err(AmendRefusal::RaiseNeedsApprover.at(At::INPUT)),
        PriceRaise::UpTo(Some(limit)) if order.is_above(limit) => Err(AmendRefusal::RaiseAboveLimit(limit).at(At::INPUT)),
        PriceRaise::UpTo(_) => Ok(()),
    }
}

/// Sets the order's status: if every line is complete within the tolerance, it is received, and
/// open quantities are given up.
fn complete(
    order: &mut PurchaseOrder,
    (placement, received_at): (Placement, Option<Timestamp>),
    now: Timestamp,
) -> Vec<Discrepancy> {
    let under = order.under_percent;
    let Some(at) = received_at.filter(|_| order.lines.iter().all(|line| line.is_complete(under))) else { return Vec::new() };
    order.state = OrderState::Received(placement, at);
    let mut noted = Vec::new();
    for place in 0..order.lines.len() {
        let short = order.lines[place].give_up();
        if short.is_positive() {
            let position = Some(order.lines[place].position);
            noted.push(Discrepancy { position, ..order.note(DiscrepancyKind::Short, short, now) });
        }
    }
    noted
}

/// Reduces incoming stock by the quantities that are given up, then adds the new ones: only the
/// difference of each line.
fn plan(draft: &mut Draft<'_>, (was, order): (&PurchaseOrder, &PurchaseOrder), command: &Revise) -> Result<(), Rejection> {
    let Some(first) = order.lines.first() else { return Ok(()) };
    let (now, at) = (draft.now(), At::input(Field::Id));
    draft.begin(head(order, command.movement, command.actor, command.reason.clone(), now), order.key(first), at)?;
    // Lines keep their indexes: those after the earlier ones are new.
    let before = was.lines.iter().map(|line| line.open.get()).chain(std::iter::repeat(0));
    let deltas: Vec<i64> = order.lines.iter().zip(before).map(|(line, before)| line.open.get() - before).collect();
    for is_gained in [false, true] {
        for (line, incoming) in order.lines.iter().zip(&deltas).filter(|(_, by)| **by != 0 && (**by > 0) == is_gained) {
            let planned = draft.post(order.key(line), Delta { incoming: *incoming, ..Delta::default() }, None, None, at);
            draft.pass(planned)?;
        }
    }
    draft.end();
    Ok(())
}
