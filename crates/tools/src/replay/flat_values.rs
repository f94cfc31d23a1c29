//! Figures by name: the flattening by which two sections are compared leaf by leaf, and the figures
//! that both sides of a comparison (the plan's totals and the server's) count in the same way.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Number of products in `top10_by_units`.
pub const TOP_PRODUCTS: usize = 10;

/// Figures by their path (`monthly.2010-12.orders`, `top10_by_units.1.sku`).
pub type FlatValues = BTreeMap<String, Value>;

/// Flattens a section. An element of a list is named by its `month` where it has one, else by its place from 1.
pub fn flatten(section: &Value) -> FlatValues {
    let mut values = FlatValues::new();
    flatten_into(String::new(), section, &mut values);
    values
}

fn flatten_into(path: String, value: &Value, into: &mut FlatValues) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| flatten_into(below(name), value, into)),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                match item.get("month").and_then(Value::as_str) {
                    Some(month) => flatten_into(below(month), item, into),
                    None => flatten_into(below(&(index + 1).to_string()), item, into),
                }
            }
        }
        leaf => {
            into.insert(path, leaf.clone());
        }
    }
}

/// SHA-256 of texts one after another, in hex.
pub fn sha256_of(lines: impl Iterator<Item = String>) -> String {
    let mut hash = Sha256::new();
    for line in lines {
        hash.update(line.as_bytes());
    }
    hex::encode(hash.finalize())
}

/// A sum as JSON: a number, or its digits where no JSON number of ours holds it.
pub fn number(sum: i128) -> Value {
    i64::try_from(sum).map_or_else(|_| Value::String(sum.to_string()), Value::from)
}

/// A local time as `expected.json` writes it.
pub fn local(time: jiff::civil::DateTime) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Counts matched returns; the plan and the checker of the server's answers fill one each.
#[derive(Default)]
pub struct Matching {
    pieces: Vec<String>,
    orders: HashSet<String>,
    matched: i64,
    unmatched: i64,
    fully: u64,
    partly: u64,
    not: u64,
}

impl Matching {
    /// Adds a return line of `quantity` units, `matched` of which are matched with an order.
    pub fn line(&mut self, quantity: i64, matched: i64) {
        self.matched += matched;
        self.unmatched += quantity - matched;
        match matched {
            0 => self.not += 1,
            all if all == quantity => self.fully += 1,
            _ => self.partly += 1,
        }
    }

    /// `numbers`: the return's price and the order's price in pence, and the units of the piece.
    pub fn add_piece(&mut self, of_return: &str, sku: &str, numbers: [i64; 3], of_order: &str) {
        let [return_price, order_price, units] = numbers;
        self.pieces.push(format!("{of_return},{sku},{return_price},{of_order},{order_price},{units}\n"));
        if !self.orders.contains(of_order) {
            self.orders.insert(of_order.to_owned());
        }
    }

    pub fn section(mut self) -> Value {
        self.pieces.sort_unstable();
        json!({
            "pieces": self.pieces.len(),
            "matched_units": self.matched,
            "unmatched_units": self.unmatched,
            "lines_fully_matched": self.fully,
            "lines_partly_matched": self.partly,
            "lines_unmatched": self.not,
            "orders_touched": self.orders.len(),
            "pieces_sha256": sha256_of(self.pieces.into_iter()),
        })
    }
}
