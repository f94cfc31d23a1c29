//! Events of orders, and of their sourcing.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::{
    events::{Audience, EventViewer, PayloadVisibility, Stream, Subject, Terms, Topic},
    journal::NewEvent,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::core::{Order, PaymentSums};
use crate::ledger::DocumentNumber;

pub use platform::storage::events::EventType;

/// Topic of changes of orders.
pub const ORDERS: Topic = Topic("orders");

platform::events! {
    /// Sales orders.
    ORDER: OrderEvent = Terms {
        permission: code::<kind::OrderRead>(),
        shown: PayloadVisibility::Part(visible_order_payload),
        stream: Some(Stream {
            topic: ORDERS,
            concerns: audience_of,
        }),
    } => {
        ORDER_CREATED "order.created",
        ORDER_CONFIRMED "order.confirmed",
        ORDER_FULFILLED "order.fulfilled",
        ORDER_CANCELLED "order.cancelled",
        ORDER_CLOSED "order.closed",
        ORDER_EXPIRED "order.expired" by system,
        ORDER_UPDATED "order.updated",
        ORDER_HELD "order.held",
        ORDER_HOLD_LIFTED "order.hold_lifted",
        ORDER_REOPENED "order.reopened",
    }
    /// Rules that set holds on orders.
    HOLD_RULE: HoldRuleEvent = Terms { permission: code::<kind::TenantWrite>(), shown: PayloadVisibility::Whole, stream: None } => {
        HOLD_RULE_UPDATED "hold_rule.updated",
        HOLD_RULE_ARCHIVED "hold_rule.archived",
    }
    /// Rules by which orders are sourced.
    SOURCING: SourcingChanged = Terms { permission: code::<kind::StoreRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        SOURCING_SET "sourcing.set",
    }
}

/// The payload of an order's event: the fields that subscribers filter by, and its version.
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
    /// Status before the change; None for a new order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<OrderStatus>,
    /// The fields that an edit changed, by their names in the API; never their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// Store and channel of a draft before an edit moved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<OrderPlace>,
    /// The rest of the order's own row. Events of earlier versions of Entrepot lack it.
    #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
    pub head: Option<OrderHead>,
}

/// Store and channel that an order is sold by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderPlace {
    pub store: StoreId,
    pub channel: ChannelId,
}

/// An order's own row, without the fields that its event has anyway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderHead {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_ref: Option<String>,
    /// Events of earlier versions of Entrepot lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The register. Events of earlier versions of Entrepot lack it, even if the order has one;
    /// null if the order has none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "deserialize_present")]
    pub register: Option<EventRegister>,
    pub total: Money,
    pub placed_at: Timestamp,
    pub business_date: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Payments of the order. Events of earlier versions of Entrepot lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<PaymentSums>,
    /// The kinds of the holds that are set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
}

/// The register of an order in an event: null if the order has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventRegister(pub Option<String>);

/// Reads a field that is present, even if it is null; an absent field is unknown.
fn deserialize_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<EventRegister>, D::Error> {
    EventRegister::deserialize(deserializer).map(Some)
}

impl OrderEvent {
    /// True if the event has all of the order but its lines.
    pub fn is_whole(&self) -> bool {
        self.head.as_ref().is_some_and(|head| head.paid.is_some() && head.register.is_some())
    }
    /// Returns the order as of the event, without its lines; None if the event does not have all of
    /// it.
    pub fn order(&self) -> Option<Order> {
        let head = self.head.clone()?;
        let (paid, EventRegister(register)) = (head.paid?, head.register?);
        Some(Order {
            id: self.order,
            number: DocumentNumber::Given(self.number),
            status: self.status,
            store: self.store,
            channel: self.channel,
            customer: self.customer,
            external_ref: head.external_ref,
            country: head.country,
            register,
            total: head.total,
            placed_at: head.placed_at,
            business_date: head.business_date,
            expires_at: head.expires_at,
            // The actor is in the audit log; only the ledger needs the one in the order's row.
            actor: Actor::SYSTEM,
            version: self.version,
            created_at: head.created_at,
            updated_at: head.updated_at,
            paid,
            hold_kinds: head.holds,
            lines: Vec::new(),
        })
    }
}

/// The payload of a rule's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldRuleEvent {
    pub code: String,
    pub version: i64,
}

/// The payload of `sourcing.set`: the input of the call, unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcingChanged {
    pub rule: Value,
    pub stores: Value,
}

/// Returns the audience of an event: its store and its channel, and those that the order was moved
/// from.
fn audience_of(order: &OrderEvent) -> Audience {
    let mut subjects = vec![Subject::of(order.store), Subject::of(order.channel)];
    if let Some(from) = order.moved_from {
        let before = [Subject::of(from.store), Subject::of(from.channel)];
        subjects.extend(
            before.into_iter().filter(|subject| *subject != Subject::of(order.store) && *subject != Subject::of(order.channel)),
        );
    }
    Audience::Of(subjects)
}

/// Returns an order of a store and a channel that the viewer sees, or saw until the event moved the
/// order away: then without its customer.
fn visible_order_payload(order: &OrderEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let sees_place = |store: StoreId, channel: ChannelId| viewer.includes(channel) && viewer.covers(store);
    let is_visible = sees_place(order.store, order.channel);
    let was_visible = order.moved_from.is_some_and(|from| sees_place(from.store, from.channel));
    (is_visible || was_visible).then(|| {
        let buyer = customer(order.customer.filter(|_| is_visible), viewer);
        let mut body = json!({ "id": order.order, "number": order.number, "status": order.status, "storeId": order.store,
            "channelId": order.channel, "customerId": buyer, "version": order.version });
        if let Some(fields) = body.as_object_mut() {
            if !order.changed.is_empty() {
                fields.insert("changed".to_owned(), json!(order.changed));
            }
            if let Some(from) = order.moved_from {
                fields.insert("previousStoreId".to_owned(), json!(from.store));
                fields.insert("previousChannelId".to_owned(), json!(from.channel));
            }
        }
        body
    })
}

/// Returns a document's customer, if the viewer may see customers.
pub(crate) fn customer(id: Option<CustomerId>, viewer: EventViewer<'_>) -> Option<CustomerId> {
    id.filter(|_| viewer.holds(code::<kind::CustomerRead>()))
}

/// Returns the payload of an event of an order.
pub(super) fn payload(order: &Order, before: Option<OrderStatus>) -> OrderEvent {
    OrderEvent {
        order: order.id,
        number: order.number.get(),
        status: order.status,
        store: order.store,
        channel: order.channel,
        customer: order.customer,
        version: order.version,
        before,
        changed: Vec::new(),
        moved_from: None,
        head: Some(OrderHead {
            external_ref: order.external_ref.clone(),
            country: order.country.clone(),
            register: Some(EventRegister(order.register.clone())),
            total: order.total,
            placed_at: order.placed_at,
            business_date: order.business_date,
            expires_at: order.expires_at,
            created_at: order.created_at,
            updated_at: order.updated_at,
            paid: Some(order.derived_paid()),
            holds: order.hold_kinds.clone(),
        }),
    }
}

/// Event of an order whose reservations were shortened in favour of a movement that had already
/// happened.
pub fn shortened_order_event(order: &Order) -> NewEvent {
    ORDER_UPDATED.event(&payload(order, Some(order.status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(register: Option<&str>) -> OrderEvent {
        let head = OrderHead {
            external_ref: None,
            country: None,
            register: Some(EventRegister(register.map(ToOwned::to_owned))),
            total: Money::zero(Currency::parse("GBP").unwrap()),
            placed_at: Timestamp(1),
            business_date: 1,
            expires_at: None,
            created_at: Timestamp(1),
            updated_at: Timestamp(2),
            paid: Some(PaymentSums::NOTHING),
            holds: Vec::new(),
        };
        OrderEvent {
            order: OrderId::NIL,
            number: 7,
            status: OrderStatus::Confirmed,
            store: StoreId::NIL,
            channel: ChannelId::NIL,
            customer: None,
            version: 2,
            before: Some(OrderStatus::Draft),
            changed: Vec::new(),
            moved_from: None,
            head: Some(head),
        }
    }

    /// Reads a payload as another node does.
    fn read(payload: &Value) -> OrderEvent {
        serde_json::from_str(&payload.to_string()).unwrap()
    }

    #[test]
    fn an_event_tells_whether_its_order_has_a_register() {
        for register in [Some("T3"), None] {
            let read = read(&json!(event(register)));
            assert_eq!(read, event(register));
            assert_eq!(read.order().map(|order| order.register), Some(register.map(ToOwned::to_owned)));
        }
    }

    /// An older node changed an order that a newer node has placed at a register.
    #[test]
    fn an_event_of_a_node_that_knows_no_registers_leaves_it_to_the_order() {
        let mut payload = json!(event(Some("T3")));
        payload.as_object_mut().unwrap().remove("register").unwrap();
        let read = read(&payload);
        assert!(!read.is_whole(), "the order's own row is looked at");
        assert_eq!((read.order(), read.status, read.version), (None, OrderStatus::Confirmed, 2));
    }
}
