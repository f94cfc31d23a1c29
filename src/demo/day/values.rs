//! Values of requests and answers, and the lines that report steps.

use serde_json::{Value, json};

pub(super) fn pounds(amount: &str) -> Value {
    json!({ "amount": amount, "currencyCode": "GBP" })
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn print_step(what: &str, more: &str) {
    println!("  {what:<10}  {more}");
}
