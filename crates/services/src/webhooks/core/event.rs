//! Which events a pattern stands for, and what a message says.

use entity::prelude::*;
use serde_json::{Value, json};

use crate::webhooks::events::Registry;

/// Whether a pattern stands for an event: its name, `resource.*`, or `*`.
pub fn matches(pattern: &str, name: &str) -> bool {
    pattern == "*"
        || pattern == name
        || pattern.strip_suffix(".*").is_some_and(|resource| name.split_once('.').is_some_and(|(of, _)| of == resource))
}

/// The patterns that stand for no declared event: a slip of the pen would otherwise be silence.
pub fn idle(patterns: &[String], registry: &Registry) -> Vec<usize> {
    let is_idle = |pattern: &String| !registry.events().any(|event| matches(pattern, event.name()));
    patterns.iter().enumerate().filter(|(_, pattern)| is_idle(pattern)).map(|(index, _)| index).collect()
}

/// What to do about such a one.
pub const NO_SUCH_EVENT: &str =
    "there is no such event: eventTypes lists them; resource.* selects all types of a resource, * all types";

/// An event as a message tells it.
#[derive(Debug, Clone, Copy)]
pub struct Fact<'a> {
    pub tenant: TenantId,
    pub epoch: uuid::Uuid,
    pub seq: i64,
    pub name: &'a str,
    /// RFC 3339.
    pub at: &'a str,
}

/// Bytes of a body; one that would be longer says only what happened, and is to be asked for.
pub const MAX_BODY: usize = 20_480;

/// The body of a message. The same event and the same rights make the same bytes.
pub fn body(fact: Fact<'_>, data: &Value) -> String {
    let whole = |data: &Value| {
        json!({ "type": fact.name, "timestamp": fact.at, "tenantId": fact.tenant, "seq": fact.seq, "epoch": EpochId::from_uuid(fact.epoch), "data": data })
            .to_string()
    };
    let text = whole(data);
    if text.len() <= MAX_BODY {
        return text;
    }
    whole(&json!({ "id": data.get("id"), "movementId": data.get("movementId"), "isTruncated": true }))
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
