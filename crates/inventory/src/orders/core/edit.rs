//! Changes of an existing order, accepted or refused whole: its own fields, and the differences of
//! its lines.

use entity::prelude::*;

use super::{
    act::{build_decision, deliver_charges, open},
    book::OrderBook,
    create::check_buyer,
    decision::{ActionDetails, OrderDecision},
    detail::{DetailPatch, OrderDetail},
    draft_fields::DraftChanges,
    edit_lines::{SetLine, add_line, set_line},
    edit_reservations::{EditContext, release_excess, reserve_added_units},
    hint::Hint,
    line::{Line, NewLine},
    order::Order,
    refusal::Refusal,
    reservations::LineDemand,
    rule_facts::AddressFacts,
    shipment::Fulfilment,
    sourcing::Sourcing,
    states::Action,
};
use crate::{
    catalog::core::Patch,
    orders::events,
    stock::core::{At, Draft, Field, LevelKey, Rejection, RoomRefusal},
};

/// Edit of an order; fields that are left out stay.
#[derive(Debug, Clone)]
pub struct Update {
    pub order: OrderId,
    pub expected_version: i64,
    /// Store that sells the order after the edit; if none is given, the one that sold it when it
    /// was read.
    pub store: StoreId,
    /// Fields that only a draft can change.
    pub redraft: DraftChanges,
    pub customer: Patch<CustomerId>,
    pub external_ref: Patch<String>,
    /// The country of a new shipping address.
    pub country: Option<String>,
    pub detail: DetailPatch,
    /// New facts of the addresses for rules; None if the addresses stay.
    pub whereabouts: Option<AddressFacts>,
    pub set_lines: Vec<SetLine>,
    pub add_lines: Vec<NewLine>,
    /// Sourcing of added units; None for the stores with reservations of the line, else the order's
    /// store.
    pub sourcing: Option<Sourcing>,
    pub reason: Option<String>,
    pub actor: Actor,
    /// True if the caller is bound to a channel.
    pub by_channel: bool,
    /// IDs of the movements that release and reserve stock.
    pub movements: [MovementId; 2],
    /// ID of the fulfilment of the charges, if nothing else is left to deliver.
    pub fulfilment: FulfilmentId,
}

impl Update {
    fn edits_lines(&self) -> bool {
        !(self.set_lines.is_empty() && self.add_lines.is_empty())
    }
    /// True if the edit has more than notes, tags and metadata.
    fn changes_restricted_fields(&self) -> bool {
        self.edits_lines()
            || !self.redraft.is_empty()
            || !self.customer.is_keep()
            || !self.external_ref.is_keep()
            || self.country.is_some()
            || self.detail.changes_restricted_fields()
    }
}

pub fn decide_update(book: &OrderBook, draft: &mut Draft<'_>, command: &Update) -> Result<OrderDecision, Rejection> {
    let mut order = open(book, command.order, Some(command.expected_version), Action::Update)?;
    check_editable(&order, command)?;
    let original = Box::new(order.clone());
    let before = book.details.get(&order.id);
    let empty_detail = OrderDetail::of(order.id);
    let (after, detail_changes) = command.detail.apply(before.unwrap_or(&empty_detail), order.version)?;
    let mut hints = Vec::new();
    let mut changed = command.redraft.apply(book, draft, &mut order, &command.external_ref)?;
    changed.extend(header(book, draft, &mut order, command, &mut hints)?);
    changed.extend(detail_changes);
    let mut fulfilments = Vec::new();
    let previous_count = order.lines.len();
    if command.edits_lines() {
        edit_lines(book, draft, &mut order, command, &mut hints)?;
        changed.push("lines");
        fulfilments.extend(fulfil_remaining_charges(draft, &mut order, command.fulfilment));
    }
    let changes_more = has_changes_beyond_notes(&original, &order, &changed);
    order.touch(draft.now());
    let added_lines = order.lines[previous_count..].iter().map(|line| (order.id, line.position)).collect();
    let is_same = before.unwrap_or(&empty_detail) == &after;
    let details = if is_same { Vec::new() } else { vec![command.detail.change(before, after)] };
    let by = ActionDetails { actor: command.actor, reason: command.reason.clone(), cancel: None, register: None };
    let whereabouts = command.whereabouts.iter().map(|address_facts| (order.id, address_facts.clone())).collect();
    let of_order = build_decision(book, order, events::ORDER_UPDATED, by);
    let mut decision = OrderDecision { fulfilments, whereabouts, details, added: added_lines, hints, ..of_order };
    decision.before = Some(original);
    decision.resourced.extend(command.redraft.sourcing_change(book, command.order));
    decision.personal = command.detail.marks();
    decision.by_channel = command.by_channel && changes_more;
    decision.events.iter_mut().for_each(|fact| fact.changed.clone_from(&changed));
    Ok(decision)
}

/// True if the order differs in more than notes, tags and metadata: a field that is set to its own
/// value is no change.
fn has_changes_beyond_notes(before: &Order, after: &Order, changed: &[&'static str]) -> bool {
    const ALWAYS_EDITABLE_FIELDS: [&str; 5] = ["lines", "noteForCustomer", "noteForStaff", "tags", "metadata"];
    before.lines != after.lines || changed.iter().any(|field| !ALWAYS_EDITABLE_FIELDS.contains(field))
}

/// Refuses what does not change any more in the order's state.
fn check_editable(order: &Order, command: &Update) -> Result<(), Rejection> {
    use OrderStatus::{Cancelled, Closed, Confirmed, Draft, PartiallyFulfilled, Pending};
    if matches!(order.status, Closed | Cancelled) && command.changes_restricted_fields() {
        return Err(Refusal::OnlyNotes(order.status).at(At::input(Field::Id)));
    }
    let of_lines = if command.set_lines.is_empty() { Field::AddLines } else { Field::SetLines };
    if command.edits_lines() && !matches!(order.status, Draft | Pending | Confirmed | PartiallyFulfilled) {
        return Err(Refusal::LinesStay(order.status).at(At::input(of_lines)));
    }
    command.redraft.check(order)?;
    if order.status == Draft && command.sourcing.is_some() {
        return Err(Refusal::DraftLooksLater.at(At::input(Field::Resourcing)));
    }
    if command.sourcing.as_ref().is_some_and(Sourcing::lacks_destination) {
        return Err(Refusal::NoDestination.at(At::input(Field::ResourcingDestination)));
    }
    Ok(())
}

/// Applies the customer, the external reference and the destination country; returns the changed
/// fields.
fn header(
    book: &OrderBook,
    draft: &mut Draft<'_>,
    order: &mut Order,
    command: &Update,
    hints: &mut Vec<Hint>,
) -> Result<Vec<&'static str>, Rejection> {
    let mut changed = Vec::new();
    // A customer that is set again is not checked again.
    if let Some(customer) = command.customer.set().filter(|customer| order.customer != Some(**customer)) {
        draft.pass(check_buyer(book, *customer))?;
    }
    if let Patch::Set(reference) = &command.external_ref
        && order.external_ref.as_ref() != Some(reference)
        && book.taken_refs.contains(&(order.channel, reference.clone()))
    {
        draft.refuse(Refusal::ReferenceTaken { reference: reference.clone() }.at(At::input(Field::ExternalRef)))?;
    }
    let (customer, reference) = (order.customer, order.external_ref.clone());
    command.customer.apply(&mut order.customer);
    command.external_ref.apply(&mut order.external_ref);
    changed.extend((customer != order.customer).then_some("customer"));
    changed.extend((reference != order.external_ref).then_some("externalRef"));
    if command.country.is_some() && command.country != order.country {
        order.country.clone_from(&command.country);
        changed.push("shippingCountry");
        let is_said = |line: &Line| command.set_lines.iter().any(|set| set.line == order.line_id(line.position));
        let charges = || order.lines.iter().filter(|line| line.kind() == LineKind::Charge);
        let adds_charge = command.add_lines.iter().any(|line| line.kind == LineKind::Charge);
        if charges().any(|line| line.current() > 0) && !adds_charge && !charges().any(is_said) {
            hints.push(Hint::ChargesUnchanged);
        }
    }
    Ok(changed)
}

/// Decides all lines first, then releases all stock that they give up, then reserves all that they
/// need: so stock that one line releases is available to another.
fn edit_lines(
    book: &OrderBook,
    draft: &mut Draft<'_>,
    order: &mut Order,
    command: &Update,
    hints: &mut Vec<Hint>,
) -> Result<(), Rejection> {
    let mut raised_lines = Vec::new();
    let mut lowered_lines = Vec::new();
    if draft.collects_refusals() {
        for (nth, product) in command.add_lines.iter().enumerate().filter_map(|(nth, line)| Some((nth, line.product?))) {
            let place = At::row(Field::AddLines, nth).field(Field::Product);
            draft.check_exists(LevelKey { product, store: order.store }, place)?;
        }
    }
    for (nth, set) in command.set_lines.iter().enumerate() {
        let place = At::row(Field::SetLines, nth);
        if command.set_lines[..nth].iter().any(|earlier_line| earlier_line.line == set.line) {
            draft.refuse(Refusal::LineTwice.at(place.field(Field::LineId)))?;
        }
        let line = set_line(draft, order, set, place);
        let Some((index, units)) = draft.pass(line)? else { continue };
        let line = &order.lines[index];
        let is_taxed = line.tax.minor != 0 && line.basis.rate.is_none();
        if set.unit_price.is_some() && set.tax.is_none() && is_taxed && !hints.contains(&Hint::TaxUnchanged) {
            hints.push(Hint::TaxUnchanged);
        }
        let line_change = LineDemand { index, units: units.abs(), place };
        match units {
            0 => {}
            1.. => raised_lines.push(line_change),
            _ => lowered_lines.push(line_change),
        }
    }
    for (nth, new_line) in command.add_lines.iter().enumerate() {
        let line = add_line((book, &*draft), order, new_line, At::row(Field::AddLines, nth));
        raised_lines.extend(draft.pass(line)?.flatten());
    }
    draft.end_pass()?;
    let holds = order.lines.len() + order.lines.iter().map(|line| line.parts().len()).sum::<usize>();
    if holds > usize::from(entity::id::MAX_LINES) {
        return Err(Refusal::TooManyHolds { holds, most: entity::id::MAX_LINES }.at(At::input(Field::AddLines)));
    }
    if order.status != OrderStatus::Draft {
        let edit_context = EditContext { actor: command.actor, note: command.reason.as_deref(), movements: command.movements };
        release_excess(draft, order, &lowered_lines, &edit_context)?;
        reserve_added_units(draft, order, &raised_lines, command.sourcing.as_ref(), &edit_context)?;
    }
    order.total = order.sum().ok_or_else(|| Refusal::TotalTooLarge.at(At::input(Field::SetLines)))?;
    Ok(())
}

/// Fulfils the charges with the last of the goods, also if an edit or a cancellation removes the
/// remaining goods of an order that has partly left.
pub(super) fn fulfil_remaining_charges(draft: &Draft<'_>, order: &mut Order, id: FulfilmentId) -> Option<Fulfilment> {
    if order.status != OrderStatus::PartiallyFulfilled {
        return None;
    }
    let lines = deliver_charges(order);
    order.status = order.fulfilment_status();
    let fulfilment = Fulfilment::shipped((id, order.id), order.store, draft.now(), lines);
    (!fulfilment.lines.is_empty()).then_some(fulfilment)
}
