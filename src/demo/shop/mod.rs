//! A shop beside the replayed retailer: goods, stock and papers of a company on a working day,
//! through the public API.
//!
//! Every call's key is its number, so that an interrupted start resumes: calls that were made are
//! answered again, not repeated.

mod dispatch;
mod goods;
mod office;
mod outlook;
mod papers;
mod past;
mod pictures;
pub(super) mod staff;
mod stock;

use std::collections::HashMap;

use jiff::{Span, civil::Date};
use serde_json::{Value, json};
use tools::replay::{
    Client,
    wire::{RequestLabel, request},
};

use super::{dice::DemoRng, run::DemoError};

pub use staff::{DemoSite, STAFF};

/// Code, name, kind and time zone; the depot comes first.
const STORES: [(&str, &str, &str, &str); 4] = [
    ("DEPOT", "Depot", "WAREHOUSE", "Europe/London"),
    ("LDN", "London shop", "SHOP", "Europe/London"),
    ("LDS", "Leeds shop", "SHOP", "Europe/London"),
    ("PAR", "Paris shop", "SHOP", "Europe/Paris"),
];
const DEPOT: usize = 0;
const LONDON: usize = 1;
const LEEDS: usize = 2;
const PARIS: usize = 3;
/// First number of the calls of the second half: a shop of a version without that half continues
/// with it.
const SECOND_HALF_START: u32 = 1_000;
const IDS: &str = "{ stores(first: 100) { nodes { id code } } suppliers(first: 100) { nodes { id code } } }";

/// A product that is kept without lots.
struct UntrackedProduct {
    sku: String,
    /// In each of [`STORES`], as it was received.
    on_hand: [u64; 4],
}

/// The shop during its setup.
pub struct Shop<'c> {
    client: &'c Client,
    dice: DemoRng,
    /// From which dates are reckoned.
    today: Date,
    calls: u32,
    goods: Vec<UntrackedProduct>,
    customers: Vec<Value>,
    /// IDs of stores and suppliers by their codes, in the second half.
    ids: HashMap<String, Value>,
    /// For each store, how many times a plentiful product was picked.
    turns: [usize; 4],
}

impl<'c> Shop<'c> {
    /// The same seed and day make the same calls.
    pub fn new(client: &'c Client, seed: u64, today: Date) -> Self {
        let (goods, customers, ids) = (Vec::new(), Vec::new(), HashMap::new());
        Self { client, dice: DemoRng::new(seed), today, calls: 0, goods, customers, ids, turns: [0; 4] }
    }

    pub async fn furnish(mut self) -> Result<(), DemoError> {
        println!("Shop      a depot and three shops are set up in addition to the data …");
        self.refill().await?;
        self.places().await?;
        self.catalogue().await?;
        self.stock_up().await?;
        self.buy().await?;
        self.transfer().await?;
        self.sell().await?;
        self.count().await?;
        self.watch().await
    }

    /// People, invoices, plans, pictures and orders that were sent, of a shop that is furnished.
    pub async fn complete(mut self, site: &DemoSite<'_>) -> Result<(), DemoError> {
        self.calls = SECOND_HALF_START;
        let found: Value = self.client.send_query(&RequestLabel::new("shop", "stores"), request(IDS, json!({}))?).await?;
        let nodes = ["stores", "suppliers"].into_iter().filter_map(|of| found[of]["nodes"].as_array()).flatten();
        self.ids = nodes.filter_map(|node| Some((node["code"].as_str()?.to_owned(), node["id"].clone()))).collect();
        self.hire(site).await?;
        self.invoice().await?;
        self.supply_best_sellers().await?;
        self.replenish().await?;
        self.clear().await?;
        self.illustrate(site).await?;
        self.dispatch().await
    }

    /// The ID of a store or a supplier by its code; null if it no longer exists.
    fn id_of(&self, code: &str) -> Value {
        self.ids.get(code).cloned().unwrap_or_default()
    }

    async fn places(&mut self) -> Result<(), DemoError> {
        for (code, name, kind, time_zone) in STORES {
            let input = json!({ "code": code, "name": name, "kind": kind, "timeZone": time_zone });
            self.call("storeCreate", "StoreCreateInput", "store { id }", input).await?;
        }
        for (code, name) in [("WEB", "Web shop"), ("TILL", "Tills"), ("TRADE", "Trade customers")] {
            self.call("channelCreate", "ChannelCreateInput", "channel { id }", json!({ "code": code, "name": name })).await?;
        }
        Ok(())
    }

    /// The payload of a mutation that takes one input, with a key that is the call's number; a refusal, also of a row, ends it.
    async fn call(&mut self, mutation: &'static str, kind: &str, fields: &str, mut input: Value) -> Result<Value, DemoError> {
        self.calls += 1;
        input["idempotencyKey"] = json!(format!("demo-shop-{}", self.calls));
        self.send(mutation, kind, fields, input).await
    }

    /// The payload of a mutation whose input already has a key, or needs none.
    async fn send(&self, mutation: &'static str, kind: &str, fields: &str, input: Value) -> Result<Value, DemoError> {
        let query =
            format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} userErrors {{ code message }} }} }}");
        self.send_query(mutation, &query, json!({ "input": input })).await
    }

    /// The one root field that a document has; a refusal, also of a row, ends it.
    async fn send_query(&self, field: &'static str, query: &str, variables: Value) -> Result<Value, DemoError> {
        let mut data: Value = self.client.send_query(&RequestLabel::new("shop", field), request(query, variables)?).await?;
        let payload = data[field].take();
        let rows = payload["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
        let refused =
            std::iter::once(&payload).chain(rows).find(|part| is_refused(part)).map(|part| part["userErrors"].to_string());
        match refused {
            None => Ok(payload),
            Some(why) => Err(DemoError::Shop(format!("{field} was refused: {why}"))),
        }
    }

    /// The next plentiful product of a store.
    fn plenty(&mut self, store: usize) -> Value {
        let many = |good: &&UntrackedProduct| good.on_hand[store] >= stock::MIN_PLENTY_UNITS;
        let all = self.goods.iter().filter(many).count().max(1);
        let turn = self.turns[store] % all;
        self.turns[store] += 1;
        let good = self.goods.iter().filter(many).nth(turn);
        json!({ "sku": good.map(|good| good.sku.as_str()) })
    }

    /// The date `days` days after today, as the API writes it.
    fn day(&self, days: i64) -> String {
        self.today.saturating_add(Span::new().days(days)).to_string()
    }
}

fn is_refused(part: &Value) -> bool {
    part["userErrors"].as_array().is_some_and(|errors| !errors.is_empty())
}

fn place(store: usize) -> Value {
    json!({ "code": STORES[store].0 })
}

fn pounds(pence: u64) -> Value {
    json!({ "amount": format!("{}.{:02}", pence / 100, pence % 100), "currencyCode": "GBP" })
}

fn print_step(what: &str, more: &str) {
    println!("  {what:<10}  {more}");
}
