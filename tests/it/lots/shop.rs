//! A cheese monger with two stores: cheese by lots, drills by serial number, mugs without either.
#![allow(dead_code, unused_imports, reason = "several targets have it, and each calls a part")]

use serde_json::{Value, json};

pub use crate::purchasing::office::{accepted, gbp, key, refused};
use crate::{authorization::world::World, purchasing::office::Office};

pub struct LotShop<'w> {
    pub office: Office<'w>,
    pub depot: Value,
    pub cheese: Value,
    pub drill: Value,
    pub mug: Value,
}

pub const TRANSFER: &str = "transfer { id status version lines { id sku quantity shipped received lost inTransit \
    lots { code shipped received lost inTransit lot { code } } } }";
pub const COUNT: &str = "stocktake { id status progress { lines counted uncounted found } lines(first: 250) { nodes { \
    id sku lotCode lot { code expiresOn } state attempts counted book difference isExpected tries { attempt counted } } } }";

impl<'w> LotShop<'w> {
    pub async fn open(world: &'w World) -> Self {
        let office = Office::of(world).await;
        let depot = office.new_store("CELLAR").await;
        let mut made = Vec::new();
        for (sku, tracking) in [("CHEESE", "LOT"), ("DRILL", "SERIAL"), ("CUP", "NONE")] {
            let input = json!({ "sku": sku, "name": sku, "tracking": tracking, "unitCost": gbp("1.50"), "price": gbp("4.00") });
            let answer = office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
            made.push(json!({ "id": accepted(&answer, "product")["id"] }));
        }
        let [cheese, drill, mug] = made.try_into().unwrap();
        Self { office, depot, cheese, drill, mug }
    }

    /// Changes the stock of a lot by `delta`; a lot is a code, or a code with its last day.
    pub async fn adjust(&self, kind: &str, (product, store): (&Value, &Value), delta: i64, lot: Value) -> Value {
        let mut change = json!({ "product": product, "store": store, "delta": delta });
        if !lot.is_null() {
            change["lot"] = lot;
        }
        let input = json!({ "idempotencyKey": key(), "kind": kind, "reasonCode": "OTHER", "changes": [change] });
        self.office.mutate("stockAdjust", "StockAdjustInput", "levels { onHand }", input).await
    }

    /// Receives units of a lot of cheese in this store.
    pub async fn receive_lot(&self, code: &str, quantity: i64, expires_on: &str) {
        let lot = json!({ "named": { "code": code, "expiresOn": expires_on } });
        accepted(&self.adjust("RECEIPT", (&self.cheese, &self.office.store), quantity, lot).await, "levels");
    }

    /// Returns the lots of a product in a store: code, units on hand, and unavailable units.
    pub async fn lots(&self, product: &Value, store: &Value) -> Vec<(String, i64, i64)> {
        let query = "query($p: ID!) { lots(filter: { product: { eq: $p } }) { nodes { code levels { store { id } onHand unavailable } } } }";
        let answer = self.office.execute(query, json!({ "p": product["id"] })).await;
        let mut found = Vec::new();
        for lot in answer["data"]["lots"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}")) {
            for level in lot["levels"].as_array().unwrap().iter().filter(|level| level["store"]["id"] == store["id"]) {
                let figure = |name: &str| level[name].as_i64().unwrap();
                found.push((lot["code"].as_str().unwrap().to_owned(), figure("onHand"), figure("unavailable")));
            }
        }
        found.sort();
        found
    }

    pub async fn mutate_transfer(&self, mutation: &str, mut input: Value) -> Value {
        if input["idempotencyKey"].is_null() {
            input["idempotencyKey"] = json!(key());
        }
        let kind = match mutation {
            "transferCreate" => "TransferCreateInput",
            "transferShip" | "transferReceive" => "TransferShipmentInput",
            "transferClose" => "TransferCloseInput",
            _ => "TransferActionInput",
        };
        self.office.mutate(mutation, kind, TRANSFER, input).await
    }

    /// A transfer of these from here to the cellar, held.
    pub async fn create_held_transfer(&self, lines: &[(&Value, i64)]) -> Value {
        let lines: Vec<Value> = lines.iter().map(|(product, n)| json!({ "product": product, "quantity": n })).collect();
        let input = json!({ "fromStore": self.office.store, "toStore": self.depot, "lines": lines });
        let payload = self.mutate_transfer("transferCreate", input).await;
        let ready = self.mutate_transfer("transferMarkReady", json!({ "id": accepted(&payload, "transfer")["id"] })).await;
        accepted(&ready, "transfer").clone()
    }

    pub async fn mutate_count(&self, mutation: &str, mut input: Value) -> Value {
        if input["idempotencyKey"].is_null() {
            input["idempotencyKey"] = json!(key());
        }
        let kind = match mutation {
            "stocktakeCreate" => "StocktakeCreateInput",
            "stocktakeRecord" => "StocktakeRecordInput",
            "stocktakeSubmit" => "StocktakeSubmitInput",
            "stocktakeRecount" => "StocktakeRecountInput",
            _ => "StocktakeActionInput",
        };
        self.office.mutate(mutation, kind, COUNT, input).await
    }

    /// A count of a kind, here, that has begun.
    pub async fn start_count(&self, extra: Value) -> Value {
        let mut input = json!({ "store": self.office.store, "isBlind": false });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let new_payload = self.mutate_count("stocktakeCreate", input).await;
        let payload = self.mutate_count("stocktakeStart", json!({ "id": accepted(&new_payload, "stocktake")["id"] })).await;
        accepted(&payload, "stocktake").clone()
    }

    /// Input that records a counted quantity for each lot of cheese.
    pub fn counted_input(&self, count: &Value, lots: &[(&str, i64)]) -> Value {
        let line = |(code, n): &(&str, i64)| json!({ "product": self.cheese, "lot": { "code": code }, "counted": n });
        json!({ "id": count["id"], "lines": lots.iter().map(line).collect::<Vec<_>>() })
    }
    pub async fn record_counted(&self, count: &Value, lots: &[(&str, i64)]) -> Value {
        let payload = self.mutate_count("stocktakeRecord", self.counted_input(count, lots)).await;
        accepted(&payload, "stocktake").clone()
    }

    /// Hands a count in and posts it.
    pub async fn post_count(&self, count: &Value) -> Value {
        accepted(&self.mutate_count("stocktakeSubmit", json!({ "id": count["id"] })).await, "stocktake");
        let payload = self.mutate_count("stocktakeApprove", json!({ "id": count["id"] })).await;
        accepted(&payload, "stocktake").clone()
    }
}

/// The lots of a transfer's line: code, sent, received, lost and under way.
pub fn sent_lots(line: &Value) -> Vec<(String, [i64; 4])> {
    let mut found: Vec<_> = line["lots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lot| {
            let figures = ["shipped", "received", "lost", "inTransit"].map(|name| lot[name].as_i64().unwrap());
            (lot["code"].as_str().unwrap().to_owned(), figures)
        })
        .collect();
    found.sort();
    found
}

/// The lines of a count of a SKU: lot, counted quantity, and quantity in the books.
pub fn lines(count: &Value, sku: &str) -> Vec<(Option<String>, Option<i64>, Option<i64>)> {
    let mut found: Vec<_> = count["lines"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["sku"] == sku)
        .map(|line| (line["lotCode"].as_str().map(str::to_owned), line["counted"].as_i64(), line["book"].as_i64()))
        .collect();
    found.sort();
    found
}

/// A lot in few words.
pub fn lot(code: &str, on_hand: i64, unavailable: i64) -> (String, i64, i64) {
    (code.to_owned(), on_hand, unavailable)
}
