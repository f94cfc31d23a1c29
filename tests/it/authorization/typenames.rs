//! The types of the objects in an answer.

use std::collections::BTreeSet;

use serde_json::Value;

/// Adds the type of each object that says it.
pub fn typenames(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| typenames(item, found)),
        Value::Object(fields) => {
            found.extend(fields.get("__typename").and_then(Value::as_str).map(ToOwned::to_owned));
            fields.values().for_each(|field| typenames(field, found));
        }
        _ => {}
    }
}
