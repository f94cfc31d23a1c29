//! Filling backordered lines with stock that has arrived.

use std::collections::BTreeSet;

use entity::prelude::*;

use super::{
    book::OrderBook,
    decision::{OrderDecision, OrderFact},
    line::{Line, count},
    reservations::{order_movement_head, reservation},
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
    let waiting_statuses = [OrderStatus::Pending, OrderStatus::Confirmed, OrderStatus::PartiallyFulfilled];
    let Some(order) = book.orders.get(&fill.order).filter(|order| waiting_statuses.contains(&order.status)) else {
        return Ok(None);
    };
    let (mut order, now, before) = (order.clone(), draft.now(), order.status);
    let head = MovementHead { actor: Actor::SYSTEM, ..order_movement_head(fill.movement, MovementKind::Reserve, &order, now) };
    let (mut begin, field) = (Some(head), At::NOWHERE);
    // A reservation for each fill, beside those that were made with the order, and numbered like
    // them.
    let mut next_number = order.lines.len() as u16 + 1;
    for index in 0..order.lines.len() {
        let line = &order.lines[index];
        let (position, is_kit, units) = (line.position, line.is_kit(), fillable_units(draft, line, order.store, fill));
        if units == 0 || !fill.lines.contains(&position) {
            continue;
        }
        let goods: Vec<(ProductId, i64)> = line.goods().collect();
        for (product, part_quantity) in goods {
            let (key, quantity) = (LevelKey { product, store: order.store }, count(units * part_quantity));
            if let Some(head) = begin.take() {
                draft.begin(head, key, field)?;
            }
            draft.post(key, Delta { reserved: quantity.get(), ..Delta::default() }, None, None, field)?;
            let number = if is_kit { next_number } else { position };
            next_number += u16::from(is_kit);
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
fn fillable_units(draft: &Draft<'_>, line: &Line, store: StoreId, fill: &Fill) -> i64 {
    let part_stock = |(product, part_quantity)| {
        let key = LevelKey { product, store };
        let filled_level = fill.levels.contains(&key).then_some(key);
        // No stock of an archived product is reserved: its orders are cancelled when it is
        // archived.
        (filled_level.and_then(|key| draft.promisable_quantity(key, At::NOWHERE).ok()).unwrap_or(0), part_quantity)
    };
    line.backordered.get().min(whole_kits(line.goods().map(part_stock)))
}
