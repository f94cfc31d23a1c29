//! Filling what orders were promised beyond stock, once stock has come.

use entity::prelude::*;

use super::{
    hold::order_head,
    order::{DocumentEvent, OrderBook, OrderDecision, count},
};
use crate::stock::core::{Delta, Draft, LevelKey, MovementHead, Reference, ReferenceKind, Rejection, Reservation};

/// The job's command: hold what has come for an order that waits for it.
#[derive(Debug, Clone)]
pub struct Fill {
    pub order: OrderId,
    pub movement: MovementId,
    /// Where something has come for it.
    pub levels: Vec<LevelKey>,
}

/// Holds what is available for the order's backordered lines, as far as it goes. None when nothing is: the order is over, or somebody
/// else was given the stock meanwhile. Doing it twice does nothing more.
pub fn decide_fill(book: &OrderBook, draft: &mut Draft<'_>, fill: &Fill) -> Result<Option<OrderDecision>, Rejection> {
    let waits = [OrderStatus::Pending, OrderStatus::Confirmed, OrderStatus::PartiallyFulfilled];
    let Some(order) = book.orders.get(&fill.order).filter(|order| waits.contains(&order.status)) else { return Ok(None) };
    let (mut order, now, before) = (order.clone(), draft.now(), order.status);
    let head = MovementHead { actor: Actor::SYSTEM, ..order_head(fill.movement, MovementKind::Reserve, &order, now) };
    let mut begin = Some(head);
    let of = (order.id, order.store, order.channel, order.expires_at);
    for line in order.lines.iter_mut().filter(|line| line.is_stocked() && line.backordered.is_positive()) {
        let Some(key) = line.product.map(|product| LevelKey { product, store: of.1 }) else { continue };
        let field = Vec::new();
        // What was archived meanwhile is held for nobody: its orders are cancelled by whoever archives it.
        let Ok(level) = draft.stocked(key, &field) else { continue };
        let held = line.backordered.get().min(level.available());
        if held <= 0 || !fill.levels.contains(&key) {
            continue;
        }
        if let Some(head) = begin.take() {
            draft.begin(head, key, &field)?;
        }
        draft.post(key, Delta { reserved: held, ..Delta::default() }, None, None, &field)?;
        line.backordered = count(line.backordered.get() - held);
        line.open = count(line.open.get() + held);
        draft.put_reservation(Reservation {
            // A hold for each fill, beside the one that was made when the order was placed.
            id: fill.movement.line(line.position),
            key,
            quantity: count(held),
            remaining: count(held),
            status: ReservationStatus::Active,
            expires_at: of.3,
            channel: Some(of.2),
            order: Some((of.0, line.position)),
            reference: Some(Reference { kind: ReferenceKind::Order, id: of.0.uuid() }),
            version: 1,
            created_at: now,
            updated_at: now,
            exists: false,
        });
    }
    if begin.is_some() {
        return Ok(None);
    }
    order.touch(now);
    let event = DocumentEvent { kind: "order.updated", order: Some(order.id), ret: None, before: Some(before) };
    Ok(Some(OrderDecision { orders: vec![order], events: vec![event], ..OrderDecision::default() }))
}
