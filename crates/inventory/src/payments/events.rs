//! Events of payments.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::{
    events::{EventViewer, PayloadVisibility, Terms},
    journal::NewEvent,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::core::PaymentFact;

pub use platform::storage::events::EventType;

platform::events! {
    /// Payments of orders.
    PAYMENT: PaymentEvent = Terms { permission: code::<kind::OrderRead>(), shown: PayloadVisibility::Part(visible_payment_payload), stream: None } => {
        PAYMENT_RECORDED "payment.recorded",
    }
}

/// The payload of a payment's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentEvent {
    pub payment: PaymentId,
    pub order: OrderId,
    pub kind: PaymentKind,
    pub amount: Money,
    pub store: StoreId,
    pub channel: ChannelId,
    /// The reversed payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverses: Option<PaymentId>,
}

/// Returns a payment of an order that the viewer sees.
fn visible_payment_payload(event: &PaymentEvent, viewer: EventViewer<'_>) -> Option<Value> {
    (viewer.includes(event.channel) && viewer.covers(event.store)).then(|| {
        let mut body = json!({ "id": event.payment, "orderId": event.order, "kind": event.kind,
            "amount": { "amount": event.amount.amount(), "currencyCode": event.amount.currency },
            "storeId": event.store, "channelId": event.channel });
        if let Some(reversed) = event.reverses {
            body["reversesId"] = json!(reversed);
        }
        body
    })
}

/// Returns the event of a new payment.
pub fn payment_event(fact: &PaymentFact) -> NewEvent {
    let PaymentFact { payment, store, channel } = fact;
    PAYMENT_RECORDED.event(&PaymentEvent {
        payment: payment.id,
        order: payment.order,
        kind: payment.kind,
        amount: payment.amount,
        store: *store,
        channel: *channel,
        reverses: payment.reverses,
    })
}
