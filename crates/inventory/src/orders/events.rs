//! Events of orders, of returns, and of where orders look for their stock.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::{
    events::{Audience, EventViewer, Shown, Stream, Subject, Terms, Topic},
    journal::NewEvent,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::core::{DocumentEvent, Order, Return};

pub use platform::storage::events::EventType;

/// What follows orders.
pub const ORDERS: Topic = Topic("orders");

platform::events! {
    /// Sales orders.
    ORDER: OrderEvent = Terms {
        permission: code::<kind::OrderRead>(),
        shown: Shown::Part(shown_order),
        stream: Some(Stream {
            topic: ORDERS,
            concerns: |order| Audience::Of(vec![Subject::of(order.store), Subject::of(order.channel)]),
        }),
    } => {
        ORDER_CREATED "order.created",
        ORDER_CONFIRMED "order.confirmed",
        ORDER_FULFILLED "order.fulfilled",
        ORDER_CANCELLED "order.cancelled",
        ORDER_CLOSED "order.closed",
        ORDER_EXPIRED "order.expired" by system,
        ORDER_UPDATED "order.updated",
    }
    /// Returns.
    RETURN: ReturnEvent = Terms { permission: code::<kind::OrderRead>(), shown: Shown::Part(shown_return), stream: None } => {
        RETURN_CREATED "return.created",
        RETURN_APPROVED "return.approved",
        RETURN_REJECTED "return.rejected",
        RETURN_RECEIVED "return.received",
        RETURN_INSPECTED "return.inspected",
        RETURN_CLOSED "return.closed",
    }
    /// Where orders look for their stock.
    SOURCING: SourcingChanged = Terms { permission: code::<kind::StoreRead>(), shown: Shown::Whole, stream: None } => {
        SOURCING_SET "sourcing.set",
    }
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

/// The payload of `sourcing.set`: what was asked for, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcingChanged {
    pub rule: Value,
    pub stores: Value,
}

/// An order of a store and a channel that the viewer sees.
fn shown_order(order: &OrderEvent, viewer: EventViewer<'_>) -> Option<Value> {
    (viewer.includes(order.channel) && viewer.covers(order.store)).then(|| {
        json!({ "id": order.order, "number": order.number, "status": order.status, "storeId": order.store,
            "channelId": order.channel, "customerId": customer(order.customer, viewer), "version": order.version })
    })
}

/// A return to a store that the viewer sees.
fn shown_return(ret: &ReturnEvent, viewer: EventViewer<'_>) -> Option<Value> {
    // The event does not say through which channel what comes back was sold.
    (!viewer.is_confined() && viewer.covers(ret.store)).then(|| {
        json!({ "id": ret.ret, "number": ret.number, "storeId": ret.store, "customerId": customer(ret.customer, viewer),
            "orderIds": ret.orders, "status": ret.status, "version": ret.version })
    })
}

fn customer(id: Option<CustomerId>, viewer: EventViewer<'_>) -> Option<CustomerId> {
    id.filter(|_| viewer.holds(code::<kind::CustomerRead>()))
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
