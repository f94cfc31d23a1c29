//! The shop during its setup: its products so far, and its calls.

use std::collections::HashMap;

use jiff::{Span, civil::Date};
use serde_json::{Value, json};
use tools::replay::{
    Client,
    wire::{RequestLabel, request},
};

use crate::demo::{dice::DemoRng, error::DemoError};

/// Code, name, kind and time zone; the depot comes first.
pub(super) const STORES: [(&str, &str, &str, &str); 4] = [
    ("DEPOT", "Depot", "WAREHOUSE", "Europe/London"),
    ("LDN", "London shop", "SHOP", "Europe/London"),
    ("LDS", "Leeds shop", "SHOP", "Europe/London"),
    ("PAR", "Paris shop", "SHOP", "Europe/Paris"),
];
pub(super) const DEPOT: usize = 0;
pub(super) const LONDON: usize = 1;
pub(super) const LEEDS: usize = 2;
pub(super) const PARIS: usize = 3;
/// Minimum units of a product that is sold, moved and held by the papers.
pub(super) const MIN_PLENTY_UNITS: u64 = 50;

/// A product that is kept without lots.
pub(super) struct UntrackedProduct {
    pub(super) sku: String,
    /// In each of [`STORES`], as it was received.
    pub(super) on_hand: [u64; 4],
}

/// The shop during its setup.
pub struct Shop<'c> {
    pub(super) client: &'c Client,
    pub(super) dice: DemoRng,
    /// From which dates are reckoned.
    pub(super) today: Date,
    pub(super) calls: u32,
    pub(super) goods: Vec<UntrackedProduct>,
    pub(super) customers: Vec<Value>,
    /// IDs of stores and suppliers by their codes, in the second half.
    pub(super) ids: HashMap<String, Value>,
    /// For each store, how many times a plentiful product was picked.
    pub(super) turns: [usize; 4],
}

impl<'c> Shop<'c> {
    /// The same seed and day make the same calls.
    pub fn new(client: &'c Client, seed: u64, today: Date) -> Self {
        let (goods, customers, ids) = (Vec::new(), Vec::new(), HashMap::new());
        Self { client, dice: DemoRng::new(seed), today, calls: 0, goods, customers, ids, turns: [0; 4] }
    }

    /// The ID of a store or a supplier by its code; null if it no longer exists.
    pub(super) fn id_of(&self, code: &str) -> Value {
        self.ids.get(code).cloned().unwrap_or_default()
    }

    /// The payload of a mutation that takes one input, with a key that is the call's number; a refusal, also of a row, ends it.
    pub(super) async fn call(
        &mut self,
        mutation: &'static str,
        kind: &str,
        fields: &str,
        mut input: Value,
    ) -> Result<Value, DemoError> {
        self.calls += 1;
        input["idempotencyKey"] = json!(format!("demo-shop-{}", self.calls));
        self.send(mutation, kind, fields, input).await
    }

    /// The payload of a mutation whose input already has a key, or needs none.
    pub(super) async fn send(&self, mutation: &'static str, kind: &str, fields: &str, input: Value) -> Result<Value, DemoError> {
        let query =
            format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} userErrors {{ code message }} }} }}");
        self.send_query(mutation, &query, json!({ "input": input })).await
    }

    /// The one root field that a document has; a refusal, also of a row, ends it.
    pub(super) async fn send_query(&self, field: &'static str, query: &str, variables: Value) -> Result<Value, DemoError> {
        let mut data: Value = self.client.send_query(&RequestLabel::new("shop", field), request(query, variables)?).await?;
        let payload = data[field].take();
        let rows = payload["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
        let refused =
            std::iter::once(&payload).chain(rows).find(|part| is_refused(part)).map(|part| part["userErrors"].to_string());
        match refused {
            None => Ok(payload),
            Some(reason) => Err(DemoError::Shop(format!("{field} was refused: {reason}"))),
        }
    }

    /// The next plentiful product of a store.
    pub(super) fn next_plentiful_product(&mut self, store: usize) -> Value {
        let is_plentiful = |good: &&UntrackedProduct| good.on_hand[store] >= MIN_PLENTY_UNITS;
        let total = self.goods.iter().filter(is_plentiful).count().max(1);
        let index = self.turns[store] % total;
        self.turns[store] += 1;
        let good = self.goods.iter().filter(is_plentiful).nth(index);
        json!({ "sku": good.map(|good| good.sku.as_str()) })
    }

    /// The date `days` days after today, as the API writes it.
    pub(super) fn day(&self, days: i64) -> String {
        self.today.saturating_add(Span::new().days(days)).to_string()
    }
}

fn is_refused(part: &Value) -> bool {
    part["userErrors"].as_array().is_some_and(|errors| !errors.is_empty())
}

pub(super) fn store_input(store: usize) -> Value {
    json!({ "code": STORES[store].0 })
}

pub(super) fn pounds(pence: u64) -> Value {
    json!({ "amount": format!("{}.{:02}", pence / 100, pence % 100), "currencyCode": "GBP" })
}
