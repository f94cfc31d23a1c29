//! Contents of an answer: its errors, and the types of its objects.

use std::collections::BTreeSet;

use async_graphql::Response;
use entrepot::graphql::{answer::data_json, fault::TopError};
use serde_json::{Value, json};

/// Collects the `__typename` of each object.
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

/// An answer as JSON. Errors come as `{code, permission, message}`.
pub(super) fn told(response: Response) -> Value {
    let error = |error: &async_graphql::ServerError| {
        let top = error.source::<TopError>();
        let permission = match top {
            Some(TopError::Forbidden(code) | TopError::ForbiddenAt { permission: code, .. }) => json!(code),
            _ => Value::Null,
        };
        let mut input = json!({ "code": top.map(|top| top.code().as_str()), "permission": permission, "message": error.message });
        if let Some(field) = top.and_then(TopError::field) {
            input["field"] = json!(field);
        }
        input
    };
    let errors: Vec<Value> = response.errors.iter().map(error).collect();
    let data: Value = serde_json::from_slice(&data_json(&response.data)).unwrap();
    json!({ "data": data, "errors": if errors.is_empty() { Value::Null } else { Value::from(errors) } })
}
