//! What the journal says of a change: absolute figures, complete in themselves.

use std::collections::HashMap;

use entity::prelude::*;
use platform::{clock, storage::journal::NewEvent};
use serde::{Deserialize, Serialize};

use crate::{
    orders::core::{DocumentEvent, Order, Return},
    stock::core::{Level, LevelKey, Lot, Movement},
};

/// The payload of `stock.changed`: one movement and the levels it changed, as they were after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockChanged {
    pub movement: MovementId,
    pub kind: MovementKind,
    pub levels: Vec<LevelState>,
}

/// A level after a change, with what filters may ask of it before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LevelState {
    pub id: LevelId,
    pub product: ProductId,
    pub store: StoreId,
    pub category: Option<CategoryId>,
    pub on_hand: Quantity,
    pub reserved: Quantity,
    pub unavailable: Quantity,
    pub incoming: Quantity,
    pub in_transit: Quantity,
    pub safety_stock: Quantity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reorder_point: Option<Quantity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Quantity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_stock_threshold: Option<Quantity>,
    pub version: i64,
    /// How many of the movement's entries are on this level: versions `version − entries + 1 ..= version`.
    pub entries: i64,
    /// On hand, reserved and unavailable before the movement.
    pub before: [i64; 3],
}

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
    event("stock.changed", &StockChanged { movement: movement.id, kind: movement.kind, levels: states })
}

/// The payload of an order's event: what subscribers filter by, and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderEvent {
    pub order: OrderId,
    pub number: i64,
    pub status: OrderStatus,
    pub store: StoreId,
    pub channel: ChannelId,
    pub customer: Option<CustomerId>,
    pub version: i64,
    /// Where it stood before; None for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<OrderStatus>,
    /// The rest of the order's own row. Events of earlier versions of Entrepot lack it.
    #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
    pub head: Option<OrderHead>,
}

/// An order's own row, but for what its event says anyway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderHead {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_ref: Option<String>,
    /// Events of earlier versions of Entrepot lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    pub total: Money,
    pub placed_at: Timestamp,
    pub business_date: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl OrderEvent {
    /// The order as the event left it, without its lines; None of an event that does not say all of it.
    pub fn order(&self) -> Option<Order> {
        let head = self.head.clone()?;
        Some(Order {
            id: self.order,
            number: self.number,
            status: self.status,
            store: self.store,
            channel: self.channel,
            customer: self.customer,
            external_ref: head.external_ref,
            country: head.country,
            total: head.total,
            placed_at: head.placed_at,
            business_date: head.business_date,
            expires_at: head.expires_at,
            // Who did it is in the audit log; the order's row keeps it for the ledger alone.
            actor: Actor::SYSTEM,
            version: self.version,
            created_at: head.created_at,
            updated_at: head.updated_at,
            lines: Vec::new(),
            exists: true,
        })
    }
}

/// The payload of a return's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReturnEvent {
    #[serde(rename = "return")]
    pub ret: ReturnId,
    pub number: i64,
    pub store: StoreId,
    pub customer: Option<CustomerId>,
    pub orders: Vec<OrderId>,
    /// Where it stands. Events of earlier versions of Entrepot lack it, and the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ReturnStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

pub fn document_event(of: &DocumentEvent, orders: &[Order], returns: &[Return]) -> Option<NewEvent> {
    if let Some(order) = of.order.and_then(|id| orders.iter().find(|order| order.id == id)) {
        let payload = OrderEvent {
            order: order.id,
            number: order.number,
            status: order.status,
            store: order.store,
            channel: order.channel,
            customer: order.customer,
            version: order.version,
            before: of.before,
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
        };
        return Some(event(of.kind, &payload));
    }
    let ret = of.ret.and_then(|id| returns.iter().find(|ret| ret.id == id))?;
    let payload = ReturnEvent {
        ret: ret.id,
        number: ret.number,
        store: ret.store,
        customer: ret.customer,
        orders: ret.orders(),
        status: Some(ret.status),
        version: Some(ret.version),
    };
    Some(event(of.kind, &payload))
}

/// An order holds less than before, to make room for what had happened.
pub fn order_shortened(order: &Order) -> Option<NewEvent> {
    let of = DocumentEvent { kind: "order.updated", order: Some(order.id), ret: None, before: Some(order.status) };
    document_event(&of, std::slice::from_ref(order), &[])
}

/// The payload of `lot.changed`: a lot that was made, or whose status, dates or note changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LotChanged {
    pub id: LotId,
    pub product_id: ProductId,
    pub code: String,
    pub status: LotStatus,
    pub made_on: Option<String>,
    pub expires_on: Option<String>,
    pub version: i64,
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
    event("lot.changed", &payload)
}

pub(super) fn event(kind: &'static str, payload: &impl Serialize) -> NewEvent {
    // Payloads are plain structs with text keys: they always have a JSON form.
    NewEvent { kind, payload: serde_json::to_string(payload).unwrap_or_default() }
}
