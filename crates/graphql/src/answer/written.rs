//! The JSON of an answer, written once.

use std::collections::BTreeMap;

use async_graphql::{Name, Response, Value};

use super::context::AnswerContext;
use crate::{cost_limiter::Charge, raw_value::raw_json};

/// `None`: it exceeds the limit.
pub(super) fn write_answer(response: &Response, context: &AnswerContext<'_>, charge: Charge) -> Option<Vec<u8>> {
    let expected = context.operation.expected_bytes();
    let mut out = Vec::with_capacity(expected + expected / 4 + 64);
    out.extend_from_slice(b"{\"data\":");
    write_value(&mut out, &response.data, context.answer_bytes)?;
    if !response.errors.is_empty() {
        out.extend_from_slice(b",\"errors\":");
        append(&mut out, &response.errors);
    }
    if context.user_errors > 0 || context.shows_cost || !response.extensions.is_empty() {
        let mut extensions: BTreeMap<&str, Value> =
            response.extensions.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        if context.user_errors > 0 {
            let entry = extensions.entry("entrepot").or_insert_with(|| async_graphql::value!({}));
            if let Value::Object(members) = entry {
                members.insert(Name::new("userErrorCount"), context.user_errors.into());
            }
        }
        if context.shows_cost {
            extensions.insert("cost", cost_extension(charge));
        }
        out.extend_from_slice(b",\"extensions\":");
        append(&mut out, &extensions);
    }
    out.push(b'}');
    (out.len() <= context.answer_bytes).then_some(out)
}

/// Returns the data of an answer as clients get it.
pub fn data_json(data: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    // Without a limit of size.
    let _ = write_value(&mut out, data, usize::MAX);
    out
}

/// Writes a value as its own serialiser would, but copies ready JSON, which that serialiser would
/// parse again for validation. `None` as soon as the output exceeds the limit.
fn write_value(out: &mut Vec<u8>, value: &Value, max_bytes: usize) -> Option<()> {
    if out.len() > max_bytes {
        return None;
    }
    match value {
        Value::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(out, item, max_bytes)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            if let Some(json) = raw_json(members) {
                if json.len() > max_bytes {
                    return None;
                }
                out.extend_from_slice(json.as_bytes());
                return Some(());
            }
            out.push(b'{');
            for (index, (name, member)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                append(out, name.as_str());
                out.push(b':');
                write_value(out, member, max_bytes)?;
            }
            out.push(b'}');
        }
        scalar => append(out, scalar),
    }
    Some(())
}

/// Returns `extensions.cost`; without a limit if the budget is lifted.
fn cost_extension(charge: Charge) -> Value {
    let Charge { requested, actual, level } = charge;
    match level {
        None => async_graphql::value!({ "requested": (requested), "actual": (actual) }),
        Some(level) => async_graphql::value!({
            "requested": (requested),
            "actual": (actual),
            "limit": (level.allowance.most),
            "remaining": (level.left),
            "restoreRate": (level.allowance.restored_per_second()),
        }),
    }
}

pub(super) fn json_of<T: serde::Serialize>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    append(&mut out, value);
    out
}

/// Writing to memory fails only for maps whose keys are not text, of which GraphQL has none; then `null` keeps the JSON whole.
fn append<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let original_len = out.len();
    if let Err(error) = serde_json::to_writer(&mut *out, value) {
        tracing::error!(%error, "an answer could not be written");
        out.truncate(original_len);
        out.extend_from_slice(b"null");
    }
}
