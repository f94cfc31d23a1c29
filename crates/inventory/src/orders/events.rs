//! Events of orders, and of where they look for their stock.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::{
    events::{Audience, EventViewer, Shown, Stream, Subject, Terms, Topic},
    journal::NewEvent,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::core::{Order, OrderFact, Paid};
use crate::ledger::DocumentNumber;

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
            concerns: concerned,
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
    HOLD_RULE: HoldRuleEvent = Terms { permission: code::<kind::TenantWrite>(), shown: Shown::Whole, stream: None } => {
        HOLD_RULE_UPDATED "hold_rule.updated",
        HOLD_RULE_ARCHIVED "hold_rule.archived",
    }
    /// Rules by which orders find their stock.
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
    /// The fields that an edit changed, as the API calls them; never their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// Where a draft was before an edit moved it to another store or channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<OrderPlace>,
    /// The rest of the order's own row. Events of earlier versions of Entrepot lack it.
    #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
    pub head: Option<OrderHead>,
}

/// Who sells an order, and through which channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderPlace {
    pub store: StoreId,
    pub channel: ChannelId,
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
    /// Events of earlier versions of Entrepot lack it, though the order may have one: others tell whether it has.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub register: Option<ToldRegister>,
    pub total: Money,
    pub placed_at: Timestamp,
    pub business_date: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// What was paid of it. Events of earlier versions of Entrepot lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Paid>,
    /// The kinds of the holds that stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
}

/// The register of an order as an event tells it: null where the order has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToldRegister(pub Option<String>);

/// What is there, null too: what is absent has not been told.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ToldRegister>, D::Error> {
    ToldRegister::deserialize(deserializer).map(Some)
}

impl OrderEvent {
    /// Whether it says all of the order but its lines.
    pub fn is_whole(&self) -> bool {
        self.head.as_ref().is_some_and(|head| head.paid.is_some() && head.register.is_some())
    }
    /// The order as the event left it, without its lines; None of an event that does not say all of it.
    pub fn order(&self) -> Option<Order> {
        let head = self.head.clone()?;
        let (paid, ToldRegister(register)) = (head.paid?, head.register?);
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
            // Who did it is in the audit log; the order's row keeps it for the ledger alone.
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

/// The payload of `sourcing.set`: what was asked for, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcingChanged {
    pub rule: Value,
    pub stores: Value,
}

/// The followers of its store and its channel, and of those that it was moved from.
fn concerned(order: &OrderEvent) -> Audience {
    let mut subjects = vec![Subject::of(order.store), Subject::of(order.channel)];
    if let Some(from) = order.moved_from {
        let before = [Subject::of(from.store), Subject::of(from.channel)];
        subjects.extend(before.into_iter().filter(|one| *one != Subject::of(order.store) && *one != Subject::of(order.channel)));
    }
    Audience::Of(subjects)
}

/// An order of a store and a channel that the viewer sees, or saw until the event moved it away: then without its customer.
fn shown_order(order: &OrderEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let sees = |store: StoreId, channel: ChannelId| viewer.includes(channel) && viewer.covers(store);
    let is_there = sees(order.store, order.channel);
    let was_there = order.moved_from.is_some_and(|from| sees(from.store, from.channel));
    (is_there || was_there).then(|| {
        let buyer = customer(order.customer.filter(|_| is_there), viewer);
        let mut shown = json!({ "id": order.order, "number": order.number, "status": order.status, "storeId": order.store,
            "channelId": order.channel, "customerId": buyer, "version": order.version });
        if let Some(fields) = shown.as_object_mut() {
            if !order.changed.is_empty() {
                fields.insert("changed".to_owned(), json!(order.changed));
            }
            if let Some(from) = order.moved_from {
                fields.insert("previousStoreId".to_owned(), json!(from.store));
                fields.insert("previousChannelId".to_owned(), json!(from.channel));
            }
        }
        shown
    })
}

/// Whom a document is of, for who may see customers.
pub(crate) fn customer(id: Option<CustomerId>, viewer: EventViewer<'_>) -> Option<CustomerId> {
    id.filter(|_| viewer.holds(code::<kind::CustomerRead>()))
}

/// The event of a fact, whose order is one of these; the edit that it is of found one of them so before it moved it.
pub fn order_event(fact: &OrderFact, orders: &[Order], moved: Option<&Order>) -> Option<NewEvent> {
    let order = orders.iter().find(|one| one.id == fact.order)?;
    let changed = fact.changed.iter().map(|field| (*field).to_owned()).collect();
    let is_elsewhere = |from: &&Order| from.id == order.id && (from.store, from.channel) != (order.store, order.channel);
    let moved = moved.filter(|_| fact.kind == ORDER_UPDATED).filter(is_elsewhere);
    let moved_from = moved.map(|from| OrderPlace { store: from.store, channel: from.channel });
    Some(fact.kind.event(&OrderEvent { changed, moved_from, ..payload(order, fact.before) }))
}

fn payload(order: &Order, before: Option<OrderStatus>) -> OrderEvent {
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
            register: Some(ToldRegister(order.register.clone())),
            total: order.total,
            placed_at: order.placed_at,
            business_date: order.business_date,
            expires_at: order.expires_at,
            created_at: order.created_at,
            updated_at: order.updated_at,
            paid: Some(order.paid_now()),
            holds: order.hold_kinds.clone(),
        }),
    }
}

/// An order holds less than before, to make room for what had happened.
pub fn order_shortened(order: &Order) -> NewEvent {
    ORDER_UPDATED.event(&payload(order, Some(order.status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(register: Option<&str>) -> OrderEvent {
        let head = OrderHead {
            external_ref: None,
            country: None,
            register: Some(ToldRegister(register.map(ToOwned::to_owned))),
            total: Money::zero(Currency::parse("GBP").unwrap()),
            placed_at: Timestamp(1),
            business_date: 1,
            expires_at: None,
            created_at: Timestamp(1),
            updated_at: Timestamp(2),
            paid: Some(Paid::NOTHING),
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

    /// What a node wrote, and another one reads.
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

    /// It went on with an order that a newer node has placed at a register.
    #[test]
    fn an_event_of_a_node_that_knows_no_registers_leaves_it_to_the_order() {
        let mut payload = json!(event(Some("T3")));
        payload.as_object_mut().unwrap().remove("register").unwrap();
        let read = read(&payload);
        assert!(!read.is_whole(), "the order's own row is looked at");
        assert_eq!((read.order(), read.status, read.version), (None, OrderStatus::Confirmed, 2));
    }
}
