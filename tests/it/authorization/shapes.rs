//! IDs that do not exist, and answers without the values that differ between calls.

use serde_json::{Map, Value};

use super::world::World;

/// An ID of the same kind that does not exist.
pub fn made_up(world: &World, like: &str) -> String {
    let fresh = world.node.clock.id::<entity::id::kind::ProductId>().to_string();
    let (prefix, _) = like.rsplit_once('_').unwrap();
    format!("{prefix}_{}", fresh.rsplit_once('_').unwrap().1)
}

/// An answer without what differs from call to call: ids, numbers, times, cursors.
pub fn shape(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Object(fields) => {
            // A cursor is signed and contains the caller's own filter, which reveals nothing new to
            // them.
            let of = |name: &str, field: &Value| {
                if name.to_lowercase().ends_with("cursor") { Value::from(field.is_string()) } else { shape(field) }
            };
            Value::Object(fields.iter().map(|(name, field)| (name.clone(), of(name, field))).collect::<Map<_, _>>())
        }
        Value::Number(_) => Value::from(0),
        // A link is sealed again in each answer.
        Value::String(text) if text.starts_with("/files/") => Value::from("/files/"),
        Value::String(text) => Value::from(plain(text)),
        other => other.clone(),
    }
}

/// IDs lose the part after their prefix, and all digits become the same.
fn plain(text: &str) -> String {
    let is_id = |word: &str| {
        word.len() == 30
            && word.as_bytes()[3] == b'_'
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let words = text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let mut out = String::new();
    for word in words {
        let core = word.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        if is_id(core) {
            out.push_str(&core[..4]);
            out.push_str(&word[core.len()..]);
        } else {
            out.extend(word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }));
        }
    }
    out
}
