//! Filters of orders as cursors keep them.

use entity::prelude::Timestamp;
use inventory::orders::rows::{Filter, IdColumn, TextTest};
use serde_json::{Value, json};

use crate::graphql::canonical::Canonical;

impl Canonical for Filter {
    fn canonical(&self) -> Value {
        let parts = |parts: &[Self]| parts.iter().map(Self::canonical).collect::<Vec<_>>();
        match self {
            Self::All(all) => json!({ "and": parts(all) }),
            Self::Any(any) => json!({ "or": parts(any) }),
            Self::Not(part) => json!({ "not": part.canonical() }),
            Self::Ids(column, ids) => {
                let column = match column {
                    IdColumn::Store => "store",
                    IdColumn::Channel => "channel",
                    IdColumn::Customer => "customer",
                };
                json!({ column: ids })
            }
            Self::Status(statuses) => json!({ "status": statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>() }),
            Self::ExternalRef(TextTest::In(texts)) => json!({ "externalRef": { "in": texts } }),
            Self::ExternalRef(TextTest::StartsWith(text)) => json!({ "externalRef": { "startsWith": text } }),
            Self::ExternalRef(TextTest::Contains(text)) => json!({ "externalRef": { "contains": text } }),
            Self::Hold(kinds) => json!({ "hold": kinds }),
            Self::IsHeld(is_held) => json!({ "isHeld": is_held }),
            Self::Payment(list) => json!({ "paymentStatus": list.iter().map(|status| status.as_str()).collect::<Vec<_>>() }),
            Self::Refund(list) => json!({ "refundStatus": list.iter().map(|status| status.as_str()).collect::<Vec<_>>() }),
            Self::PlacedAt(span) => {
                json!({ "placedAt": { "gte": span.from.map(Timestamp::micros), "lt": span.before.map(Timestamp::micros) } })
            }
        }
    }
}
