//! Values that are JSON already, under the engine's own mark for them.

use async_graphql::{Name, Value, indexmap::IndexMap};
use async_graphql_value::RAW_VALUE_TOKEN;

/// A value that is JSON already.
pub fn raw(json: String) -> Value {
    Value::Object(IndexMap::from_iter([(Name::new(RAW_VALUE_TOKEN), Value::String(json))]))
}

/// The JSON of such a value.
pub fn raw_json(map: &IndexMap<Name, Value>) -> Option<&str> {
    match map.first() {
        Some((name, Value::String(json))) if map.len() == 1 && name.as_str() == RAW_VALUE_TOKEN => Some(json),
        _ => None,
    }
}
