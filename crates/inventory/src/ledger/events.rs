//! What the journal says of a change: absolute figures, complete in themselves.

use std::collections::HashMap;

use entity::prelude::*;
use platform::{clock, storage::journal::NewEvent};

use crate::{
    orders::{
        core::{DocumentEvent, Order, Return},
        events::{ORDER_UPDATED, OrderEvent, OrderHead, ReturnEvent},
    },
    stock::{
        core::{Level, LevelKey, Lot, Movement},
        events::{LOT_CHANGED, LevelState, LotChanged, STOCK_CHANGED, StockChanged},
    },
};

/// `levels` as they are after the whole command, in order of their keys, of which `later` are the movements after this one. A count has thousands
/// of entries, so nothing here is looked for from the beginning.
pub fn stock_changed(movement: &Movement, later: &[Movement], levels: &[&Level]) -> NewEvent {
    let mut states: Vec<LevelState> = Vec::with_capacity(movement.entries.len());
    let mut places: HashMap<LevelKey, usize> = HashMap::with_capacity(movement.entries.len());
    let mut after: HashMap<LevelKey, [i64; 2]> = HashMap::new();
    for entry in later.iter().flat_map(|movement| &movement.entries).filter(|e| e.incoming_delta != 0 || e.in_transit_delta != 0)
    {
        let [incoming, in_transit] = after.entry(entry.key).or_default();
        (*incoming, *in_transit) = (*incoming + entry.incoming_delta, *in_transit + entry.in_transit_delta);
    }
    for entry in &movement.entries {
        let (on_hand, reserved, unavailable) = (entry.on_hand_after, entry.reserved_after, entry.unavailable_after);
        if let Some(state) = places.get(&entry.key).and_then(|place| states.get_mut(*place)) {
            (state.on_hand, state.reserved, state.unavailable) = (on_hand, reserved, unavailable);
            state.version = entry.version_after;
            state.entries += 1;
            continue;
        }
        let Ok(place) = levels.binary_search_by_key(&entry.key, |level| level.key) else { continue };
        let level = levels[place];
        let [incoming, in_transit] = after.get(&entry.key).copied().unwrap_or_default();
        let planned = |now: Quantity, later: i64| Quantity::new(now.get() - later).unwrap_or(now);
        places.insert(entry.key, states.len());
        states.push(LevelState {
            id: level.id,
            product: entry.key.product,
            store: entry.key.store,
            category: level.facts.category,
            on_hand,
            reserved,
            unavailable,
            incoming: planned(level.incoming, incoming),
            in_transit: planned(level.in_transit, in_transit),
            safety_stock: level.safety_stock,
            reorder_point: level.reorder_point,
            maximum: level.maximum,
            low_stock_threshold: level.facts.low_stock_threshold,
            version: entry.version_after,
            entries: 1,
            before: [
                on_hand.get() - entry.on_hand_delta,
                reserved.get() - entry.reserved_delta,
                unavailable.get() - entry.unavailable_delta,
            ],
        });
    }
    STOCK_CHANGED.event(&StockChanged { movement: movement.id, kind: movement.kind, levels: states })
}

pub fn document_event(of: &DocumentEvent, orders: &[Order], returns: &[Return]) -> Option<NewEvent> {
    match *of {
        DocumentEvent::Order { kind, order, before } => {
            let order = orders.iter().find(|one| one.id == order)?;
            Some(kind.event(&order_event(order, before)))
        }
        DocumentEvent::Return { kind, ret } => {
            let ret = returns.iter().find(|one| one.id == ret)?;
            Some(kind.event(&ReturnEvent {
                ret: ret.id,
                number: ret.number,
                store: ret.store,
                customer: ret.customer,
                orders: ret.orders(),
                status: Some(ret.status),
                version: Some(ret.version),
            }))
        }
    }
}

fn order_event(order: &Order, before: Option<OrderStatus>) -> OrderEvent {
    OrderEvent {
        order: order.id,
        number: order.number,
        status: order.status,
        store: order.store,
        channel: order.channel,
        customer: order.customer,
        version: order.version,
        before,
        head: Some(OrderHead {
            external_ref: order.external_ref.clone(),
            country: order.country.clone(),
            total: order.total,
            placed_at: order.placed_at,
            business_date: order.business_date,
            expires_at: order.expires_at,
            created_at: order.created_at,
            updated_at: order.updated_at,
        }),
    }
}

/// An order holds less than before, to make room for what had happened.
pub fn order_shortened(order: &Order) -> NewEvent {
    ORDER_UPDATED.event(&order_event(order, Some(order.status)))
}

pub fn lot_changed(lot: &Lot) -> NewEvent {
    let payload = LotChanged {
        id: lot.id,
        product_id: lot.product,
        code: lot.code.clone(),
        status: lot.status,
        made_on: lot.made_on.map(clock::day_text),
        expires_on: lot.expires_on.map(clock::day_text),
        version: lot.version,
    };
    LOT_CHANGED.event(&payload)
}
