//! Values of requests and answers.

use serde_json::{Value, json};

pub(super) fn pounds(amount: &str) -> Value {
    json!({ "amount": amount, "currencyCode": "GBP" })
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
