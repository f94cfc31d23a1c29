//! Holds on orders, and payments of them, through GraphQL, on both databases.
#![allow(clippy::unwrap_used, reason = "a scenario that cannot go on has failed")]

mod amounts;
mod dry_runs;
mod facts;
mod hold_conditions;
mod hold_rules;
mod holds;
mod placed;
mod rights;

use serde_json::{Value, json};

pub use crate::world::answers::{accepted, refused};
use crate::{
    retailer::{Retailer, Work, input_of},
    world::{self, answers::digits},
};

pub type World = world::World<Retailer<Money>>;

pub struct Money;

impl Work for Money {
    fn document(mutation: &str) -> (String, String) {
        let kind = match mutation {
            "returnApprove" => "ReturnActionInput".to_owned(),
            "orderConfirm" | "orderCancel" | "orderClose" => "ActionInput".to_owned(),
            _ => input_of(mutation),
        };
        let fields = match mutation {
            "orderHoldSet" | "orderHoldLift" => format!("order {{ {ORDER} }} hold {{ id kind reason note isLiftable }}"),
            "paymentRecord" => format!("payment {{ {PAYMENT} }}"),
            "paymentReverse" => {
                let errors = "... on InUse { documents { id } documentCount }";
                let fields = format!("payment {{ {PAYMENT} reverses {{ id reversedBy {{ id }} }} }}");
                return (kind, format!("{fields} userErrors {{ code message field {errors} }} replayed seq"));
            }
            "paymentsRecord" => format!("payments {{ {PAYMENT} }}"),
            _ if mutation.starts_with("return") => "return { id status refunded { amount } lines { id } }".to_owned(),
            _ => format!("order {{ {ORDER} }}"),
        };
        (kind, format!("{fields} userErrors {{ code message field }} replayed seq"))
    }

    /// The books agree, sums and statuses with them.
    async fn check(world: &World) {
        world.verify().await;
    }
}

const PAYMENT: &str = "id kind amount { amount currencyCode } method reference note parent { id } return { id } order { id }";
const ORDER: &str = "id number status version allowedActions paymentStatus refundStatus currentTotal { amount } returnedTotal { amount } \
    netTotal { amount } balance { amount } holds { id kind reason note isLiftable } payments { id kind } lines { id }";

pub fn pounds(amount: &str) -> Value {
    json!({ "amount": amount, "currencyCode": "GBP" })
}

impl World {
    /// An order of so many mugs, at 2.55 each.
    pub async fn mugs(&self, status: &str, quantity: i64) -> Value {
        let lines = json!([{"product": {"id": self.mug}, "quantity": quantity}]);
        let input = json!({"idempotencyKey": self.key(), "store": {"id": self.store}, "status": status, "lines": lines});
        accepted(&self.mutate("orderCreate", input).await, "order").clone()
    }

    /// Returns the input of a step, with a new key.
    pub fn step(&self, document: &Value, extra: Value) -> Value {
        let mut input = json!({"id": document["id"], "idempotencyKey": self.key()});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    }

    /// A step that is done.
    pub async fn complete_step(&self, mutation: &str, document: &Value, extra: Value) -> Value {
        let payload = self.mutate(mutation, self.step(document, extra)).await;
        accepted(&payload, if mutation.starts_with("return") { "return" } else { "order" }).clone()
    }

    /// The input of a payment of an order.
    pub fn fact(&self, order: &Value, kind: &str, amount: &str, extra: Value) -> Value {
        let mut fact = json!({"order": {"id": order["id"]}, "kind": kind, "amount": pounds(amount), "method": "CARD"});
        fact.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        fact
    }

    /// Records a payment with a new key, and returns the answer.
    pub async fn pay(&self, order: &Value, kind: &str, amount: &str, extra: Value) -> Value {
        let mut input = self.fact(order, kind, amount, extra);
        input["idempotencyKey"] = json!(self.key());
        self.mutate("paymentRecord", input).await
    }

    /// Reverses a payment with a new key, and returns the answer.
    pub async fn take_back(&self, payment: &Value) -> Value {
        let input = json!({"idempotencyKey": self.key(), "id": payment["id"], "note": "mistyped"});
        self.mutate("paymentReverse", input).await
    }

    /// A payment that is recorded.
    pub async fn paid(&self, order: &Value, kind: &str, amount: &str, extra: Value) -> Value {
        accepted(&self.pay(order, kind, amount, extra).await, "payment").clone()
    }

    pub async fn read(&self, order: &Value) -> Value {
        let document = format!("query($id: ID!) {{ order(by: {{id: $id}}) {{ {ORDER} }} }}");
        self.execute(&document, json!({"id": order["id"]})).await["order"].clone()
    }

    /// Returns the net total of an order, its balance, and its two statuses.
    pub async fn money(&self, order: &Value) -> [String; 4] {
        let order = self.read(order).await;
        [&order["netTotal"]["amount"], &order["balance"]["amount"], &order["paymentStatus"], &order["refundStatus"]]
            .map(|value| value.as_str().unwrap().to_owned())
    }

    /// The numbers of the orders that a filter finds, the oldest first.
    pub async fn found(&self, filter: Value) -> Vec<String> {
        let document = "query($filter: OrderFilter!) { orders(filter: $filter, orderBy: {field: NUMBER, direction: ASC}) { nodes { number } } }";
        let answer = self.execute(document, json!({ "filter": filter })).await;
        let nodes = answer["orders"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
        nodes.iter().map(|order| digits(&order["number"])).collect()
    }
}
