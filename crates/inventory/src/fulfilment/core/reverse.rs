//! Undoing a shipment: its goods are back in the store that they left and reserved for the order,
//! and its parcels are packed again.

use entity::prelude::*;

use super::{
    book::{WorkBook, WorkChange, WorkDecision},
    needs::WorkNeeds,
    work::Work,
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    orders::{
        core::{
            ActionDetails, Fulfilment, FulfilmentLine, OrderBook, OrderDecision, OrderFact, OrderNeeds, Refusal as OrderRefusal,
            assign_entries, check_not_invoiced, check_not_returned, order_effects, reverse_shipped_units,
        },
        events::ORDER_UPDATED,
    },
    reversals::core::{
        Call, Refusal as ReversalRefusal, RequestedLine, Reversal, ReversalBook, ReversalDecision, Subject, level_effects,
        needs as mirror_needs, post_mirror, select_entries,
    },
    stock::core::{At, Draft, Field, LevelKey, Movement, Noun, Rejection, RoomRefusal},
};

/// A shipment to undo, as it was read: the command is refused as stale if its order has changed
/// since.
#[derive(Debug, Clone)]
pub struct ReverseShipment {
    pub order: OrderId,
    pub fulfilment: FulfilmentId,
    /// Store that the shipment left.
    pub store: StoreId,
    pub expected_version: Option<i64>,
    /// The version of the order that everything else was read at.
    pub seen: i64,
    /// Movement that the shipment posted.
    pub original: Movement,
    /// Lines are rejected: a shipment is undone whole.
    pub lines: Option<Vec<RequestedLine>>,
    /// ID of the movement that reserves goods that were not reserved before.
    pub holding: MovementId,
    pub call: Call,
}

#[derive(Debug, Clone)]
pub struct ShipmentReversal(pub Box<ReverseShipment>);

impl Decide for ShipmentReversal {
    fn name(&self) -> &'static str {
        "fulfilment.reverse"
    }

    fn weight(&self) -> usize {
        self.0.original.entries.len()
    }

    fn needs(&self, needs: &mut Needs) {
        let ReverseShipment { order, fulfilment, original, call, .. } = self.0.as_ref();
        mirror_needs(needs, std::slice::from_ref(original), call.on_shortage);
        needs.held_by_orders.insert(*order);
        needs.documents.with(|document_needs: &mut OrderNeeds| {
            document_needs.orders.insert(*order);
            document_needs.invoiced.insert(*order);
        });
        needs.documents.with(|document_needs: &mut WorkNeeds| document_needs.fulfilments.insert(*fulfilment));
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        books.read(|orders: &OrderBook| {
            books.read(|works: &WorkBook| books.read(|reversed: &ReversalBook| decide((orders, works, reversed), draft, &self.0)))
        })
    }
}

fn decide(
    (orders, works, reversed): (&OrderBook, &WorkBook, &ReversalBook),
    draft: &mut Draft<'_>,
    command: &ReverseShipment,
) -> Result<Decision, Rejection> {
    let ReverseShipment { original, call, .. } = command;
    let field = At::input(Field::Document);
    let missing = || Rejection::not_found(Noun::Document, field);
    let order_before = orders.orders.get(&command.order).ok_or_else(missing)?;
    order_before.check_version(Some(command.seen))?;
    order_before.check_version(command.expected_version)?;
    let stored_fulfilment =
        works.fulfilments.get(&command.fulfilment).filter(|fulfilment_line| fulfilment_line.order == order_before.id);
    let mut shipment = stored_fulfilment.ok_or_else(missing)?.clone();
    let parts = select_entries(draft, &assign_entries(order_before, &shipment.lines, original), reversed, None)?;
    if command.lines.is_some() {
        return Err(ReversalRefusal::WholeOnly.at(At::input(Field::Lines)));
    }
    if shipment.status != FulfilmentStatus::Shipped {
        return Err(ReversalRefusal::Arrived.at(field));
    }
    if !matches!(order_before.status, OrderStatus::PartiallyFulfilled | OrderStatus::Fulfilled) {
        return Err(OrderRefusal::Status(order_before.status).at(field));
    }
    check_not_returned(order_before, &shipment.lines)?;
    // Charges are invoiced before they go with the last of the goods.
    let is_goods = |fulfilment_line: &&FulfilmentLine| {
        order_before.lines.iter().any(|line| line.position == fulfilment_line.position && line.kind() == LineKind::Product)
    };
    let goods: Vec<FulfilmentLine> = shipment.lines.iter().filter(is_goods).copied().collect();
    check_not_invoiced(orders, order_before, &goods)?;
    let occurred_at = call.moment(draft, shipment.shipped_at.unwrap_or(original.occurred_at))?;
    let mut order = order_before.clone();
    let mirrored_lines = post_mirror(draft, (call, occurred_at), std::slice::from_ref(original), &parts)?;
    reverse_shipped_units(draft, &mut order, &shipment, (&parts, call.actor, command.holding))?;
    shipment.status = FulfilmentStatus::Cancelled;
    let repacked = restore_parcels(works, &shipment);
    let mut effects = order_effects(order_before, &order);
    effects.extend(level_effects(draft, parts.iter().map(|part| part.entry.key), &parts)?);
    let first = parts.first().map(|part| LevelKey { store: command.store, ..part.entry.key }).ok_or_else(missing)?;
    let subject = Subject {
        kind: ReversedKind::Shipment,
        part: shipment.id.uuid(),
        document: order.id.uuid(),
        store: command.store,
        other_store: None,
    };
    let reversal = Reversal::of(draft, (call, subject), (occurred_at, first), mirrored_lines, effects)?;
    let by = ActionDetails { actor: call.actor, reason: Some(call.note.clone()), cancel: None, register: None };
    let event = OrderFact { kind: ORDER_UPDATED, order: order.id, before: Some(order_before.status), by, changed: Vec::new() };
    let mut decision = Decision::of(WorkDecision { works: repacked, arrived: vec![shipment], ..WorkDecision::default() });
    decision.documents.put(OrderDecision { orders: vec![order], events: vec![event], ..OrderDecision::default() });
    decision.documents.put(ReversalDecision { reversal });
    Ok(decision)
}

/// Returns the works whose parcels left with a shipment, with those parcels packed and not sent.
fn restore_parcels(book: &WorkBook, shipment: &Fulfilment) -> Vec<WorkChange> {
    let mut touched = Vec::new();
    for work in book.of_order(shipment.order) {
        let mut work: Work = work.clone();
        let mut restored_units: Vec<(u16, i64)> = Vec::new();
        for parcel in work.parcels.iter_mut().filter(|parcel| parcel.sent.is_some_and(|sent| sent.fulfilment == shipment.id)) {
            parcel.sent = None;
            restored_units.extend(parcel.lines.iter().map(|line| (line.nth, line.quantity)));
        }
        if restored_units.is_empty() {
            continue;
        }
        for (nth, units) in restored_units {
            if let Some(line) = work.line_mut(nth) {
                line.shipped -= units;
                line.packed += units;
            }
        }
        touched.push(WorkChange { work, before: None });
    }
    touched
}
