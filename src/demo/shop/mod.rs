//! A shop beside the replayed retailer: goods, stock and papers as a company has them on a working day, through the public API.
//!
//! Every call's key is its number, so that a start that broke off is taken up again: what was made is answered once more, not made again.

mod goods;
mod papers;
mod stock;

use jiff::{Span, civil::Date};
use serde_json::{Value, json};
use tools::replay::{
    Client,
    wire::{RequestLabel, request},
};

use super::{dice::Dice, run::DemoError};

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

/// A product that is kept without lots.
struct Good {
    sku: String,
    /// In each of [`STORES`], as it was received.
    on_hand: [u64; 4],
}

/// The shop as it is being set up.
pub struct Shop<'c> {
    client: &'c Client,
    dice: Dice,
    /// From which dates are reckoned.
    today: Date,
    calls: u32,
    goods: Vec<Good>,
    customers: Vec<Value>,
    /// In each store, how many times a plentiful product was asked for.
    turns: [usize; 4],
}

impl<'c> Shop<'c> {
    /// The same seed and day make the same calls.
    pub fn new(client: &'c Client, seed: u64, today: Date) -> Self {
        Self { client, dice: Dice::new(seed), today, calls: 0, goods: Vec::new(), customers: Vec::new(), turns: [0; 4] }
    }

    pub async fn furnish(mut self) -> Result<(), DemoError> {
        println!("Shop      a depot and three shops are set up beside the data …");
        self.places().await?;
        self.catalogue().await?;
        self.stock_up().await?;
        self.buy().await?;
        self.transfer().await?;
        self.sell().await?;
        self.count().await?;
        self.watch().await
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

    /// The payload of a mutation that takes one input; a refusal, also of a row, ends it.
    async fn call(&mut self, mutation: &'static str, kind: &str, fields: &str, mut input: Value) -> Result<Value, DemoError> {
        self.calls += 1;
        input["idempotencyKey"] = json!(format!("demo-shop-{}", self.calls));
        let query =
            format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} userErrors {{ code message }} }} }}");
        let mut data: Value =
            self.client.ask(&RequestLabel::new("shop", mutation), request(&query, json!({ "input": input }))?).await?;
        let payload = data[mutation].take();
        let rows = payload["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
        let refused =
            std::iter::once(&payload).chain(rows).find(|part| is_refused(part)).map(|part| part["userErrors"].to_string());
        match refused {
            None => Ok(payload),
            Some(why) => Err(DemoError::Shop(format!("{mutation} was refused: {why}"))),
        }
    }

    /// Another product of which there is plenty in a store.
    fn plenty(&mut self, store: usize) -> Value {
        let many = |good: &&Good| good.on_hand[store] >= stock::PLENTY;
        let all = self.goods.iter().filter(many).count().max(1);
        let turn = self.turns[store] % all;
        self.turns[store] += 1;
        let good = self.goods.iter().filter(many).nth(turn);
        json!({ "sku": good.map(|good| good.sku.as_str()) })
    }

    /// A day so many days after today, as the API writes it.
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

fn tell(what: &str, more: &str) {
    println!("  {what:<10}  {more}");
}
