//! A small shop to write into, and the state of its stock.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::client::Client;
pub use crate::world::answers::text;

macro_rules! refusals {
    () => {
        "userErrors { code message field retryable
          ... on VersionConflict { actualVersion current { id ... on StockLevel { version onHand } } }
          ... on InsufficientStock { available requested level { id } } }"
    };
}

pub const ADJUST: &str = concat!(
    "mutation Adjust($input: StockAdjustInput!, $dry: Boolean! = false) { result: stockAdjust(input: $input, validateOnly: $dry) {
    seq replayed movement { id } levels { onHand version } ",
    refusals!(),
    "} }"
);
pub const SET: &str = concat!(
    "mutation Set($input: StockSetInput!, $dry: Boolean! = false) { result: stockSet(input: $input, validateOnly: $dry) {
    seq replayed movement { id } levels { onHand version } ",
    refusals!(),
    "} }"
);
pub const RESERVE: &str = concat!(
    "mutation Reserve($input: StockReserveInput!, $dry: Boolean! = false) { result: stockReserve(input: $input, validateOnly: $dry) {
    seq replayed reservations { id } ",
    refusals!(),
    "} }"
);
pub const RELEASE: &str = concat!(
    "mutation Release($input: StockReleaseInput!) { result: stockRelease(input: $input) { seq replayed reservations { id } ",
    refusals!(),
    "} }"
);
pub const ORDER: &str = concat!(
    "mutation Order($input: OrderCreateInput!, $dry: Boolean! = false) { result: orderCreate(input: $input, validateOnly: $dry) {
    seq replayed order { id number } ",
    refusals!(),
    "} }"
);
pub const CATEGORY: &str = "mutation($input: CategoryCreateInput!) { result: categoryCreate(input: $input) { category { id } userErrors { code message } } }";
pub const UPDATE: &str = "mutation($input: ProductUpdateInput!) { result: productUpdate(input: $input) {
    product { id version } userErrors { code message field } } }";
const STORE: &str =
    "mutation($input: StoreCreateInput!) { result: storeCreate(input: $input) { store { id } userErrors { code message } } }";
const PRODUCT: &str = "mutation($input: ProductCreateInput!) { result: productCreate(input: $input) { product { id } userErrors { code message } } }";
const LEVELS: &str = "query($after: Cursor) { result: stockLevels(first: 250, after: $after) {
    nodes { product { id } store { id } onHand reserved version } pageInfo { hasNextPage endCursor } } }";

/// A product in a store.
pub type LevelRef = (String, String);

/// Quantities and version of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LevelState {
    pub on_hand: i64,
    pub reserved: i64,
    pub version: i64,
}

impl LevelState {
    pub fn of(level: &Value) -> Self {
        let number = |name: &str| level[name].as_i64().unwrap_or_else(|| panic!("{name}: {level}"));
        Self { on_hand: number("onHand"), reserved: number("reserved"), version: number("version") }
    }
}

pub fn place_of(level: &Value) -> LevelRef {
    (text(&level["product"]["id"]), text(&level["store"]["id"]))
}

/// Stores and products of a tenant; every product has been received into every store.
pub struct Shop {
    pub client: Client,
    pub stores: Vec<String>,
    pub products: Vec<String>,
    /// The number of the movement that brought each product in.
    pub opening: Vec<i64>,
}

impl Shop {
    pub async fn open(client: Client, stores: usize, products: usize, on_hand: i64) -> Self {
        let mut shop = Self { client, stores: Vec::new(), products: Vec::new(), opening: Vec::new() };
        for number in 0..stores {
            let new_payload =
                shop.client.must_mutate(STORE, json!({ "code": format!("S{number}"), "name": format!("Store {number}") })).await;
            shop.stores.push(text(&new_payload["store"]["id"]));
        }
        let price = json!({ "amount": "2.50", "currencyCode": "GBP" });
        for number in 0..products {
            let input =
                json!({ "sku": format!("P{number}"), "name": format!("Mug {number}"), "price": price, "lowStockThreshold": 10 });
            let new_payload = shop.client.must_mutate(PRODUCT, input).await;
            shop.products.push(text(&new_payload["product"]["id"]));
        }
        for number in 0..products {
            let changes: Vec<Value> =
                (0..stores).map(|store| change(&shop.products[number], &shop.stores[store], on_hand)).collect();
            let input = adjust(&format!("opening {number}"), "RECEIPT", "OPENING", &changes);
            let payload = shop.client.must_mutate(ADJUST, input).await;
            shop.opening.push(payload["seq"].as_i64().unwrap());
        }
        shop
    }

    pub fn place(&self, product: usize, store: usize) -> LevelRef {
        (self.products[product].clone(), self.stores[store].clone())
    }

    pub async fn levels(&self) -> BTreeMap<LevelRef, LevelState> {
        let nodes = self.client.all(LEVELS).await;
        nodes.iter().map(|node| (place_of(node), LevelState::of(node))).collect()
    }

    /// Adjusts one level by a delta, which must succeed.
    pub async fn adjust(&self, key: &str, product: usize, store: usize, delta: i64) -> Value {
        let (product, store) = self.place(product, store);
        self.client.must_mutate(ADJUST, adjust(key, "ADJUSTMENT", "CORRECTION", &[change(&product, &store, delta)])).await
    }

    /// Returns the position of the journal: the cursor is made of its head, and nothing else of it
    /// changes.
    pub async fn head(&self) -> String {
        text(&self.client.execute("{ stockLevels(first: 1) { streamCursor } }", json!({})).await["stockLevels"]["streamCursor"])
    }
}

pub fn change(product: &str, store: &str, delta: i64) -> Value {
    json!({ "product": { "id": product }, "store": { "id": store }, "delta": delta })
}

pub fn adjust(key: &str, kind: &str, reason: &str, changes: &[Value]) -> Value {
    json!({ "idempotencyKey": key, "kind": kind, "reasonCode": reason, "changes": changes })
}
