//! Filling backordered lines with stock that has arrived.

use std::collections::BTreeSet;

use entity::prelude::*;

use super::{
    book::OrderBook,
    decision::{OrderDecision, OrderFact},
    hold::{order_head, reservation},
    line::{Line, count},
};
use crate::orders::events;
use crate::stock::core::{At, Delta, Draft, LevelKey, MovementHead, Rejection, Reservation, whole_kits};

/// The job's command: reserves stock that has arrived for a backordered order.
#[derive(Debug, Clone)]
pub struct Fill {
    pub order: OrderId,
    pub movement: MovementId,
    /// Levels with stock that has arrived for the order: for a kit, those of all its parts.
    pub levels: Vec<LevelKey>,
    /// The backordered lines to fill, without lines that this store has refused.
    pub lines: BTreeSet<u16>,
}

/// Reserves the available stock for the order's backordered lines in `fill`, as far as it suffices;
/// for kits, whole ones. Returns None if nothing can be reserved: the order is over, or the stock
/// was given to another meanwhile. Repeating it reserves nothing more.
pub fn decide_fill(book: &OrderBook, draft: &mut Draft<'_>, fill: &Fill) -> Result<Option<OrderDecision>, Rejection> {
    let waits = [OrderStatus::Pending, OrderStatus::Confirmed, OrderStatus::PartiallyFulfilled];
    let Some(order) = book.orders.get(&fill.order).filter(|order| waits.contains(&order.status)) else { return Ok(None) };
    let (mut order, now, before) = (order.clone(), draft.now(), order.status);
    let head = MovementHead { actor: Actor::SYSTEM, ..order_head(fill.movement, MovementKind::Reserve, &order, now) };
    let (mut begin, field) = (Some(head), At::NOWHERE);
    // A reservation for each fill, beside those that were made with the order, and numbered like
    // them.
    let mut next = order.lines.len() as u16 + 1;
    for index in 0..order.lines.len() {
        let line = &order.lines[index];
        let (position, is_kit, units) = (line.position, line.is_kit(), fillable(draft, line, order.store, fill));
        if units == 0 || !fill.lines.contains(&position) {
            continue;
        }
        let goods: Vec<(ProductId, i64)> = line.goods().collect();
        for (product, takes) in goods {
            let (key, quantity) = (LevelKey { product, store: order.store }, count(units * takes));
            if let Some(head) = begin.take() {
                draft.begin(head, key, field)?;
            }
            draft.post(key, Delta { reserved: quantity.get(), ..Delta::default() }, None, None, field)?;
            let number = if is_kit { next } else { position };
            next += u16::from(is_kit);
            let id = fill.movement.line(number);
            draft.put_reservation(Reservation { id, ..reservation(&order, (position, number), key, (quantity, now)) });
        }
        let line = &mut order.lines[index];
        line.backordered = count(line.backordered.get() - units);
        line.open = count(line.open.get() + units);
    }
    if begin.is_some() {
        return Ok(None);
    }
    order.touch(now);
    let by = Actor::SYSTEM.into();
    let event = OrderFact { kind: events::ORDER_UPDATED, order: order.id, before: Some(before), by, changed: Vec::new() };
    Ok(Some(OrderDecision { orders: vec![order], events: vec![event], ..OrderDecision::default() }))
}

/// Returns the backordered units of a line that can be held now: as many as its scarcest product
/// suffices for.
fn fillable(draft: &Draft<'_>, line: &Line, store: StoreId, fill: &Fill) -> i64 {
    let there = |(product, takes)| {
        let key = LevelKey { product, store };
        let named = fill.levels.contains(&key).then_some(key);
        // No stock of an archived product is reserved: its orders are cancelled when it is
        // archived.
        (named.and_then(|key| draft.promisable(key, At::NOWHERE).ok()).unwrap_or(0), takes)
    };
    line.backordered.get().min(whole_kits(line.goods().map(there)))
}
