//! A bookkeeper's office, based on the buyer's.
#![allow(dead_code, reason = "several targets have it, and each calls a part")]

use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, gbp, key},
};

pub struct Books<'w> {
    pub office: Office<'w>,
}

impl<'w> Books<'w> {
    pub async fn of(world: &'w World) -> Self {
        Self { office: Office::of(world).await }
    }
    /// Wraps an existing office.
    pub fn of_office(office: Office<'w>) -> Self {
        Self { office }
    }

    /// Adjusts the stock of the office's store by hand; `more` may have the cost of a whole unit.
    pub async fn adjust(&self, kind: &str, product: &Value, delta: i64, extra: Value) -> Value {
        let mut change = json!({ "product": product, "store": self.office.store, "delta": delta });
        if !extra["unitCost"].is_null() {
            change["unitCost"] = extra["unitCost"].clone();
        }
        let mut input = json!({ "idempotencyKey": key(), "kind": kind, "reasonCode": "OTHER", "changes": [change] });
        if !extra["occurredAt"].is_null() {
            input["occurredAt"] = extra["occurredAt"].clone();
        }
        let fields = "movement { id entries { bookValue { amount } } }";
        let payload = self.office.mutate("stockAdjust", "StockAdjustInput", fields, input).await;
        accepted(&payload, "movement").clone()
    }

    pub async fn receive(&self, product: &Value, quantity: i64, cost: &str) -> Value {
        self.adjust("RECEIPT", product, quantity, json!({ "unitCost": gbp(cost) })).await
    }

    /// A counter sale; returns the order.
    pub async fn sell(&self, product: &Value, quantity: i64) -> Value {
        let lines = json!([{ "product": product, "quantity": quantity }]);
        let input = json!({ "idempotencyKey": key(), "store": self.office.store, "status": "FULFILLED", "lines": lines });
        let fields = "order { id lines { id } costOfGoodsSold { amount } }";
        let payload = self.office.mutate("orderCreate", "OrderCreateInput", fields, input).await;
        accepted(&payload, "order").clone()
    }

    /// Units, worth by the average, worth first-in-first-out, and the layers as units and worth.
    pub async fn cost(&self, product: &Value) -> Value {
        let query = "query($p: ProductRef!) { productCost(product: $p) { isCurrent quantity averageValue { amount } fifoValue { amount } \
                     unitCost { amount } layers { quantity value { amount } } } }";
        let answer = self.office.execute(query, json!({ "p": product })).await;
        let cost = &answer["data"]["productCost"];
        assert_eq!(cost["isCurrent"], true, "{answer:#}");
        let layers = cost["layers"].as_array().unwrap().iter().map(|l| json!([l["quantity"], l["value"]["amount"]]));
        json!([cost["quantity"], cost["averageValue"]["amount"], cost["fifoValue"]["amount"], layers.collect::<Vec<_>>()])
    }

    /// A row of the report of one product by a method: received, sold, returned, removed, corrected, revalued, change.
    pub async fn report(&self, product: &Value, method: &str) -> Vec<String> {
        let query = "query($p: ProductRef!, $m: CostingMethod!) { costReport(product: $p, method: $m) { isCurrent rows { received { amount } \
                     costOfGoodsSold { amount } returned { amount } removed { amount } corrected { amount } revalued { amount } change { amount } } } }";
        let answer = self.office.execute(query, json!({ "p": product, "m": method })).await;
        let row = &answer["data"]["costReport"]["rows"][0];
        let names = ["received", "costOfGoodsSold", "returned", "removed", "corrected", "revalued", "change"];
        names.map(|name| row[name]["amount"].as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned()).to_vec()
    }

    /// Returns the quantity and the value of a product's units at a moment, by the tenant's method.
    pub async fn worth_at(&self, product: &Value, at: Value, known_at: Value) -> Value {
        let query = "query($at: DateTime, $known: DateTime) { stockValue(at: $at, knownAt: $known, groupBy: PRODUCT) { rows { product { id } quantity value { amount } } } }";
        let answer = self.office.execute(query, json!({ "at": at, "known": known_at })).await;
        let rows = answer["data"]["stockValue"]["rows"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
        let own = rows.iter().find(|row| row["product"]["id"] == product["id"]);
        own.map_or(Value::Null, |row| json!([row["quantity"], row["value"]["amount"]]))
    }

    pub async fn revalue(&self, input: Value) -> Value {
        let mut input = input;
        if input["idempotencyKey"].is_null() {
            input["idempotencyKey"] = json!(key());
        }
        if input["note"].is_null() {
            input["note"] = json!("the market fell");
        }
        let fields = "revaluation { id number note externalRef actor { __typename } lines { product { id } unitCost { amount } change { amount } } }";
        self.office.mutate("stockRevalue", "StockRevalueInput", fields, input).await
    }
}

/// Runs SQL of our company's, `$1`, as the deployment itself may.
pub async fn run_tenant_sql(world: &World, sql: &str) {
    let work = world.node.db.global().maintenance_for(world.ours.owner.tenant).await.unwrap();
    work.execute(sql, vec![]).await.unwrap();
    work.commit().await.unwrap();
}
