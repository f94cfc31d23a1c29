//! Mutations of the retailer in the scenarios of orders.

use serde_json::{Value, json};

pub use crate::{
    retailer::START,
    world::answers::{accepted, refusals},
};
use crate::{
    retailer::{Retailer, Work},
    world::{self, answers},
};

pub type World = world::World<Retailer<Orders>>;

pub struct Orders;

impl Work for Orders {
    fn document(mutation: &str) -> (String, String) {
        let kind = match mutation {
            "orderCreate" => "OrderCreateInput",
            "orderFulfil" => "OrderFulfilInput",
            "orderUpdate" => "OrderUpdateInput",
            "returnCreate" => "ReturnCreateInput",
            _ => "ActionInput",
        };
        let fields = if mutation == "returnCreate" { RETURN } else { ORDER };
        (kind.to_owned(), fields.to_owned())
    }
}

impl<W: Work> world::World<Retailer<W>> {
    /// Places an order of `lines` in the world's store.
    pub async fn order(&self, status: &str, lines: Value) -> Value {
        let input = json!({"idempotencyKey": self.key(), "store": {"id": self.store}, "status": status, "lines": lines});
        self.mutate_selecting::<Orders>("orderCreate", input).await
    }
}

const ORDER: &str = "order { id number status version externalRef total { amount currencyCode } allowedActions \
    channel { code } customer { name } store { code } holds { reason } \
    lines { id kind sku name quantity open backordered cancelled fulfilled returned unitPrice { amount } discount { amount } \
    tax { amount } total { amount } unitCost { amount } allocations { store { code } quantity } } \
    fulfilments { status store { code } lines { orderLine { sku } quantity } } returns { number } } \
    userErrors { code message field retryable } replayed seq";

const RETURN: &str = "return { id number status version externalRef refund { amount currencyCode } receivedAt store { code } \
    lines { id kind sku name quantity unitPrice { amount } total { amount } disposition product { sku } orderLine { id } \
    matches { quantity orderLine { id returned order { number } } } } } userErrors { code message field retryable } replayed seq";

/// Asserts that the payload is exactly this refusal and has no document.
#[track_caller]
pub fn refused(payload: &Value, code: &str, field: &str) {
    answers::refused(payload, code, field);
    assert!(payload["order"].is_null() && payload["return"].is_null(), "{payload}");
}
