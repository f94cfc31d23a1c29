//! Works follow their orders: after each command that changed an order or its reservations, the
//! open units of its works are set to the open units of its lines, in the stores that have the
//! reservations. The command's own changes of works come first.

use std::collections::{BTreeMap, HashSet};

use entity::prelude::*;

use super::{
    book::{ShipmentFact, WorkBefore, WorkBook, WorkChange, WorkDecision, WorkFact},
    due::DueCalculator,
    refusal::Refusal,
    work::Work,
    work_update::{WorkUpdate, is_in_fulfilment},
};
use crate::{
    catalog::core::handling::PlusDays,
    fulfilment::events,
    ledger::Decision,
    orders::core::{Order, OrderBook, OrderDecision, OrderFact},
    stock::core::{At, Book, Field, Rejection, Reservation, RoomRefusal},
};

/// Derives the effect of a decision on works; None if no work changes.
pub fn derive_work_decision(
    stock: &Book,
    (orders, works): (&OrderBook, &WorkBook),
    decision: &Decision,
    plus_days: PlusDays,
) -> Result<Option<WorkDecision>, Rejection> {
    let mut work_decision = decision.documents.get::<WorkDecision>().cloned().unwrap_or_default();
    let changed = decision.documents.get::<OrderDecision>();
    let decided_orders = changed.map_or(&[][..], |order_decision| order_decision.orders.as_slice());
    let fulfilments = changed.map_or(&[][..], |order_decision| order_decision.fulfilments.as_slice());
    let remade_orders = work_decision.remade.iter().filter_map(|id| orders.orders.get(id));
    let all_orders: Vec<&Order> = decided_orders.iter().chain(remade_orders).collect();
    for &order in &all_orders {
        let is_new = changed.is_some_and(|order_decision| {
            order_decision.events.iter().any(|fact| fact.order == order.id && fact.before.is_none())
        });
        // A command that loaded no reservations changes no goods.
        if !is_new && !works.followed.contains(&order.id) {
            continue;
        }
        if changed.is_some_and(|order_decision| order_decision.by_channel) {
            check_not_accepted(works, order.id)?;
        }
        let shipped = fulfilments.iter().find(|entry| entry.order == order.id && entry.work.is_none());
        let due = DueCalculator::of(order, (stock, orders, works), changed, plus_days);
        let Some(mut work_update) = WorkUpdate::of(order, &work_decision, shipped, due) else { continue };
        work_update.holds = held_by_store(stock, &decision.stock.reservations, order.id, is_new);
        work_update.date();
        // An order that predates works and has no reservations has no store to send from until it reserves stock again.
        let has_none = work_update.works.is_empty() && work_update.holds.is_empty() && !work_decision.remade.contains(&order.id);
        if has_none && orders.orders.get(&order.id).is_some_and(|before| is_in_fulfilment(before.status) && before.has_open()) {
            continue;
        }
        work_update.moved =
            work_decision.moved.filter(|(work, _)| work_decision.works.iter().any(|entry| entry.work.head.id == *work));
        work_update.settle_all_lines()?;
        if changed.is_some_and(|order_decision| changes_address(order_decision, order.id)) {
            work_update.check_address()?;
        }
        work_decision.works.retain(|entry| entry.work.head.order != order.id);
        work_decision.works.extend(work_update.into_changes(works));
    }
    super::order_holds::touch_works_on_hold_change(&all_orders, (orders, works), &mut work_decision);
    let shipments = fulfilments.iter().map(|entry| ShipmentFact { kind: events::FULFILMENT_SHIPPED, fulfilment: entry.clone() });
    let arrived = work_decision.arrived.iter().map(|entry| {
        let kind = match entry.status {
            FulfilmentStatus::Delivered => events::FULFILMENT_DELIVERED,
            FulfilmentStatus::Cancelled => events::FULFILMENT_CANCELLED,
            _ => events::FULFILMENT_FAILED,
        };
        ShipmentFact { kind, fulfilment: entry.clone() }
    });
    work_decision.shipments = shipments.chain(arrived).collect();
    finish_decision(&mut work_decision, works, stock.now);
    let is_nothing = work_decision.works.is_empty()
        && work_decision.shipments.is_empty()
        && work_decision.barred.is_empty()
        && work_decision.named.is_empty();
    Ok(if is_nothing { None } else { Some(work_decision) })
}

/// Refuses what a key of a channel edits or cancels of an order, beyond notes, while a store has accepted a work of it.
fn check_not_accepted(book: &WorkBook, order: OrderId) -> Result<(), Rejection> {
    let is_over = |work: &Work| matches!(work.head.status, WorkStatus::Rejected | WorkStatus::Cancelled);
    if book.of_order(order).any(|work| work.head.accepted.is_some() && !is_over(work)) {
        return Err(Refusal::AcceptedByStore.at(At::input(Field::Id)));
    }
    Ok(())
}

/// True if an existing order gets another address. The removal of an address redirects nothing.
fn changes_address(decision: &OrderDecision, order: OrderId) -> bool {
    let is_address_change =
        |fact: &OrderFact| fact.order == order && fact.before.is_some() && fact.changed.contains(&"shippingAddress");
    let is_removed = decision.details.iter().any(|detail| detail.after.order == order && detail.is_unaddressed);
    !is_removed && decision.events.iter().any(is_address_change)
}

/// Sets every work's status, version and event.
fn finish_decision(decision: &mut WorkDecision, book: &WorkBook, now: Timestamp) {
    decision.facts = Vec::with_capacity(decision.works.len());
    for WorkChange { work, before } in &mut decision.works {
        let stored_work = book.works.get(&(work.head.order, work.head.nth));
        *before = stored_work.map(WorkBefore::of);
        work.head.version = stored_work.map_or(1, |stored_work| stored_work.head.version + 1);
        work.head.status = work.status();
        work.head.updated_at = now;
        let kind = match before {
            None => events::WORK_CREATED,
            Some(_) if decision.rejected == Some(work.head.id) => events::WORK_REJECTED,
            Some(_) => events::WORK_CHANGED,
        };
        decision.facts.push(WorkFact { kind, work: work.head.id, before: before.map(|before| before.status) });
    }
}

/// Returns the held quantities of an order by line, product and store. A new order's holds are all
/// in the decision.
fn held_by_store(
    stock: &Book,
    decided_reservations: &[Reservation],
    order: OrderId,
    is_new: bool,
) -> BTreeMap<(u16, ProductId, StoreId), i64> {
    let decided_ids: HashSet<ReservationId> = decided_reservations.iter().map(|reservation| reservation.id).collect();
    let stored_reservations = (!is_new).then(|| stock.reservations.values()).into_iter().flatten();
    let mut holds = BTreeMap::new();
    for reservation in
        decided_reservations.iter().chain(stored_reservations.filter(|reservation| !decided_ids.contains(&reservation.id)))
    {
        if reservation.status == ReservationStatus::Active
            && let Some((order_id, position)) = reservation.order
            && order_id == order
        {
            *holds.entry((position, reservation.key.product, reservation.key.store)).or_default() += reservation.remaining.get();
        }
    }
    holds
}
