//! A buyer's desk: short words for what buyers and receivers do, in the company of the rights' world.
#![allow(dead_code, unused_imports, reason = "several targets have it, and each calls a part")]

use std::sync::atomic::{AtomicU32, Ordering};

use entrepot::{access::Caller, insight::verify};
use serde_json::{Value, json};

use crate::authorization::world::World;
pub use crate::world::answers::{accepted, refused};

static KEYS: AtomicU32 = AtomicU32::new(0);

pub struct Office<'w> {
    pub world: &'w World,
    pub caller: Caller,
    pub store: Value,
    pub supplier: Value,
}

pub const ORDER: &str = "id number status version total { amount currencyCode } goodsTotal { amount } allowedActions reason overDeliveryPercent underDeliveryPercent expectedOn \
    externalRef note receivedAt createdBy { __typename } approvedBy { __typename } charges { kind basis name amount { amount } } \
    lines { id sku supplierSku quantity mostReceivable received damaged open short returned unitCost { amount } total { amount } charges { amount } } \
    receipts { id number deliveryNote note lines { purchaseOrderLineId quantity damaged goodsTotal { amount } landedTotal { amount } } } \
    discrepancies { kind quantity note purchaseOrderLineId receiptId product { sku } }";

pub const RATE: &str = "exchangeRate { id baseCode quoteCode rate day source replacedBy { id } enteredBy { __typename } }";

pub fn key() -> String {
    format!("key-{}", KEYS.fetch_add(1, Ordering::Relaxed))
}

impl<'w> Office<'w> {
    /// An office of our company's owner, with a supplier and a store of its own.
    pub async fn of(world: &'w World) -> Self {
        let caller = world.ours.owner.clone();
        let mut office = Self { world, caller, store: Value::Null, supplier: Value::Null };
        office.store = office.new_store("DOCK").await;
        let payload = office
            .mutate(
                "supplierCreate",
                "SupplierCreateInput",
                "supplier { id }",
                json!({ "code": "POT", "name": "Potters <& Sons>", "email": "orders@potters.example", "leadTimeDays": 5 }),
            )
            .await;
        office.supplier = json!({ "id": accepted(&payload, "supplier")["id"] });
        office
    }

    pub fn as_caller(&self, caller: Caller) -> Self {
        Self { world: self.world, caller, store: self.store.clone(), supplier: self.supplier.clone() }
    }

    pub async fn execute(&self, query: &str, variables: Value) -> Value {
        self.world.execute(&self.world.ours, Some(self.caller.clone()), query, &variables).await
    }

    /// The rate of the euro on a day.
    pub async fn rate(&self, quote: &str, rate: &str, day: &str) -> Value {
        let input =
            json!({ "idempotencyKey": key(), "baseCode": "EUR", "quoteCode": quote, "rate": rate, "day": day, "source": "ECB" });
        self.mutate("exchangeRateSet", "ExchangeRateSetInput", RATE, input).await
    }

    /// The payload of a mutation that takes one input.
    pub async fn mutate(&self, mutation: &str, kind: &str, fields: &str, input: Value) -> Value {
        let query = format!(
            "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} userErrors {{ code message field }} replayed seq }} }}"
        );
        let answer = self.execute(&query, json!({ "input": input })).await;
        assert!(answer["errors"].is_null(), "{mutation} {input}: {answer:#}");
        answer["data"][mutation].clone()
    }

    pub async fn new_store(&self, code: &str) -> Value {
        let payload = self.mutate("storeCreate", "StoreCreateInput", "store { id }", json!({ "code": code, "name": code })).await;
        json!({ "id": accepted(&payload, "store")["id"] })
    }

    /// A product with this cost.
    pub async fn product(&self, sku: &str, cost: &str) -> Value {
        let input = json!({ "sku": sku, "name": format!("A {sku}"), "unitCost": gbp(cost), "price": gbp("99.00") });
        let payload = self.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
        json!({ "id": accepted(&payload, "product")["id"] })
    }

    /// Runs a buyer's mutation of an order.
    pub async fn buy(&self, mutation: &str, input: Value) -> Value {
        let kind = match mutation {
            "purchaseOrderCreate" => "PurchaseOrderCreateInput",
            "purchaseOrderUpdate" => "PurchaseOrderUpdateInput",
            "purchaseOrderReceive" => "PurchaseOrderReceiveInput",
            "purchaseOrderSend" => "PurchaseOrderSendInput",
            "purchaseOrderConfirm" => "PurchaseOrderConfirmInput",
            _ => "PurchaseOrderActionInput",
        };
        let mut input = input;
        if input["idempotencyKey"].is_null() {
            input["idempotencyKey"] = json!(key());
        }
        self.mutate(mutation, kind, &format!("purchaseOrder {{ {ORDER} }}"), input).await
    }

    /// A draft with this supplier for this store.
    pub async fn draft(&self, lines: Value) -> Value {
        self.draft_with(json!({ "lines": lines })).await
    }
    pub async fn draft_with(&self, mut input: Value) -> Value {
        for (name, value) in [("supplier", &self.supplier), ("store", &self.store)] {
            if input[name].is_null() {
                input[name] = value.clone();
            }
        }
        let payload = self.buy("purchaseOrderCreate", input).await;
        accepted(&payload, "purchaseOrder").clone()
    }

    /// The order after a step that is not refused.
    pub async fn step(&self, order: &Value, mutation: &str) -> Value {
        let payload = self.buy(mutation, json!({ "id": order["id"] })).await;
        accepted(&payload, "purchaseOrder").clone()
    }

    /// An order that is with its supplier.
    pub async fn ordered(&self, input: Value) -> Value {
        let mut order = self.draft_with(input).await;
        for step in ["purchaseOrderSubmit", "purchaseOrderApprove", "purchaseOrderPlace"] {
            order = self.step(&order, step).await;
        }
        order
    }

    /// Receives a quantity of each line, in their order.
    pub async fn receive(&self, order: &Value, quantities: &[i64]) -> Value {
        let lines: Vec<Value> = quantities
            .iter()
            .enumerate()
            .filter(|(_, quantity)| **quantity != 0)
            .map(|(index, quantity)| json!({ "purchaseOrderLineId": order["lines"][index]["id"], "quantity": quantity }))
            .collect();
        self.buy("purchaseOrderReceive", json!({ "id": order["id"], "lines": lines })).await
    }

    /// On hand, unavailable and incoming of a product in a store.
    pub async fn level(&self, product: &Value, store: &Value) -> [i64; 3] {
        let query = "query($p: ID!, $s: ID!) { stockLevels(filter: { product: { eq: $p }, store: { eq: $s } }) { nodes { onHand unavailable incoming } } }";
        let answer = self.execute(query, json!({ "p": product["id"], "s": store["id"] })).await;
        let level = &answer["data"]["stockLevels"]["nodes"][0];
        ["onHand", "unavailable", "incoming"].map(|name| level[name].as_i64().unwrap_or_default())
    }

    /// Quantity, cost and value of the entries of the last movements of an order, the newest first.
    pub async fn entries(&self, order: &Value) -> Vec<Value> {
        let query = "query($id: ID!) { stockMovements(filter: { reference: { eq: $id } }) { nodes { kind reasonCode entries { onHandDelta unavailableDelta incomingDelta unitCost { amount } } } } }";
        let answer = self.execute(query, json!({ "id": order["id"] })).await;
        answer["data"]["stockMovements"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone()
    }

    /// Every invariant of our company holds.
    pub async fn is_sound(&self) {
        self.world.node.audit.seal_all().await.unwrap();
        let report = verify::verify_tenant(&self.world.node.db, self.caller.tenant, |_| {}).await.unwrap();
        assert!(report.is_sound(), "{report:#?}");
    }
}

pub fn gbp(amount: &str) -> Value {
    json!({ "amount": amount, "currencyCode": "GBP" })
}
