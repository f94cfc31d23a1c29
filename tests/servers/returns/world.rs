//! Mutations of the retailer in the scenarios of returns and of backorders.

use entity::prelude::*;
use entrepot::{ledger::JobCursor, orders::jobs::fill_backorders};
use serde_json::{Value, json};

pub use crate::{
    moves::world::of_store,
    world::answers::{accepted, refused},
};
use crate::{
    retailer::{Retailer, Work, input_of},
    world,
};

pub type World = world::World<Retailer<Returns>>;

pub struct Returns;

impl Work for Returns {
    fn document(mutation: &str) -> (String, String) {
        let kind = match mutation {
            "returnApprove" => "ReturnActionInput".to_owned(),
            "orderConfirm" | "orderCancel" | "orderClose" => "ActionInput".to_owned(),
            _ => input_of(mutation),
        };
        let fields = match mutation {
            _ if mutation.starts_with("return") => RETURN,
            _ if mutation.starts_with("order") => ORDER,
            _ => "",
        };
        let fields = format!("{fields} userErrors {{ code message field }} replayed seq");
        (kind, fields)
    }

    /// The books agree.
    async fn check(world: &World) {
        world.verify().await;
    }
}

const RETURN: &str = "return { id number status version refund { amount } refunded { amount } rejectReason occurredAt receivedAt allowedActions \
    lines { id kind sku quantity received restocked quarantined writtenOff disposition \
    matches { quantity orderLine { fulfilled returned returnPending } } } }";
const ORDER: &str = "order { id number status version allowedActions lines { id sku quantity open backordered cancelled fulfilled returned returnPending \
    allocations { store { code } quantity } } holds { reason } }";

impl World {
    /// An order of these in the store.
    pub async fn ordered(&self, status: &str, lines: &[(ProductId, i64)]) -> Value {
        let lines: Vec<_> = lines.iter().map(|(product, n)| json!({"product": {"id": product}, "quantity": n})).collect();
        let input = json!({"idempotencyKey": self.key(), "store": {"id": self.store}, "status": status, "lines": lines});
        accepted(&self.mutate("orderCreate", input).await, "order").clone()
    }

    /// Mugs that were sold over the counter: the line's id.
    pub async fn sold(&self, quantity: i64) -> Value {
        self.ordered("FULFILLED", &[(self.mug, quantity)]).await["lines"][0]["id"].clone()
    }

    /// The input that requests a return of these lines.
    pub fn asking(&self, lines: Value) -> Value {
        json!({"idempotencyKey": self.key(), "store": {"id": self.store}, "receive": false, "lines": lines})
    }

    /// Creates a requested return.
    pub async fn requested(&self, lines: Value) -> Value {
        accepted(&self.mutate("returnCreate", self.asking(lines)).await, "return").clone()
    }

    /// Creates a requested return and approves it.
    pub async fn approved(&self, lines: Value) -> Value {
        let ret = self.requested(lines).await;
        self.complete_step("returnApprove", &ret, json!({})).await
    }

    /// The input of a step.
    pub fn step(&self, ret: &Value, extra: Value) -> Value {
        let mut input = json!({"id": ret["id"], "idempotencyKey": self.key()});
        for (name, value) in extra.as_object().unwrap() {
            input[name] = value.clone();
        }
        input
    }

    /// A step that is done.
    pub async fn complete_step(&self, mutation: &str, of: &Value, extra: Value) -> Value {
        let payload = self.mutate(mutation, self.step(of, extra)).await;
        let document = if mutation.starts_with("order") { "order" } else { "return" };
        accepted(&payload, document).clone()
    }

    /// Reads the current state of an order.
    pub async fn read(&self, order: &Value) -> Value {
        let document = format!("query($id: ID!) {{ order(by: {{id: $id}}) {} }}", ORDER.strip_prefix("order ").unwrap());
        self.execute(&document, json!({"id": order["id"]})).await["order"].clone()
    }

    /// On hand, reserved and unavailable of a product in the store.
    pub async fn level_here(&self, product: ProductId) -> [i64; 3] {
        self.level(product, self.store).await
    }

    /// Fills backorders from stock that has arrived, and returns the number of orders that got any.
    pub async fn fill(&self) -> usize {
        fill_backorders(&self.ledger, &JobCursor::default()).await.unwrap()
    }
}

/// A line that was sold, so much of it.
pub fn back(line: &Value, quantity: i64) -> Value {
    json!({"orderLineId": line, "quantity": quantity})
}
