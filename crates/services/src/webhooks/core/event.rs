//! Matching of patterns with events, and the bodies of messages.

use entity::prelude::*;
use serde_json::{Value, json};

use crate::webhooks::events::Registry;

/// Whether a pattern matches an event: its name, `resource.*`, or `*`.
pub fn matches(pattern: &str, name: &str) -> bool {
    pattern == "*"
        || pattern == name
        || pattern.strip_suffix(".*").is_some_and(|resource| name.split_once('.').is_some_and(|(prefix, _)| prefix == resource))
}

/// Returns the indexes of patterns that match no declared event: a misspelled pattern would
/// otherwise go unnoticed.
pub fn unmatched_patterns(patterns: &[String], registry: &Registry) -> Vec<usize> {
    let is_idle = |pattern: &String| !registry.events().any(|event| matches(pattern, event.name()));
    patterns.iter().enumerate().filter(|(_, pattern)| is_idle(pattern)).map(|(index, _)| index).collect()
}

/// Error text for a pattern that matches no event.
pub const NO_SUCH_EVENT: &str =
    "there is no such event: eventTypes lists them; resource.* selects all types of a resource, * all types";

/// An event, as data of a message.
#[derive(Debug, Clone, Copy)]
pub struct Fact<'a> {
    pub tenant: TenantId,
    pub epoch: uuid::Uuid,
    pub seq: i64,
    pub name: &'a str,
    /// RFC 3339.
    pub at: &'a str,
}

/// Maximum bytes of a body; a longer one is replaced by the event's IDs, and the receiver fetches
/// the rest.
pub const MAX_BODY: usize = 20_480;

/// Returns the body of a message. The same event and the same rights give the same bytes.
pub fn body(fact: Fact<'_>, data: &Value) -> String {
    let event_json = |data: &Value| {
        json!({ "type": fact.name, "timestamp": fact.at, "tenantId": fact.tenant, "seq": fact.seq, "epoch": EpochId::from_uuid(fact.epoch), "data": data })
            .to_string()
    };
    let text = event_json(data);
    if text.len() <= MAX_BODY {
        return text;
    }
    event_json(&json!({ "id": data.get("id"), "movementId": data.get("movementId"), "isTruncated": true }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id<K>(n: u128) -> Id<K> {
        Id::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn a_pattern_stands_for_an_event_its_resource_or_all() {
        assert!(
            matches("*", "order.created") && matches("order.*", "order.created") && matches("order.created", "order.created")
        );
        assert!(
            !matches("order.*", "orders.created")
                && !matches("store.*", "store_group.created")
                && !matches("order.created", "order.closed")
        );
    }

    #[test]
    fn a_long_message_says_only_what_happened() {
        let fact = Fact { tenant: id(1), epoch: Uuid::from_u128(2), seq: 3, name: "stock.changed", at: "2026-11-20T00:00:00Z" };
        let long = json!({ "movementId": "mov_1", "levels": vec!["x"; MAX_BODY] });
        let thin: Value = serde_json::from_str(&body(fact, &long)).unwrap();
        assert_eq!(thin["data"], json!({ "id": null, "movementId": "mov_1", "isTruncated": true }));
        assert_eq!(body(fact, &json!({ "id": "a" })), body(fact, &json!({ "id": "a" })), "the same bytes each time");
    }
}
