//! Filters of works as cursors keep them.

use entity::prelude::Timestamp;
use inventory::fulfilment::rows::WorkTest;
use serde_json::{Value, json};

use crate::graphql::canonical::Canonical;

impl Canonical for Vec<WorkTest> {
    fn canonical(&self) -> Value {
        self.iter().map(of).collect()
    }
}

fn of(test: &WorkTest) -> Value {
    match test {
        WorkTest::Status(list) => json!({ "status": list.iter().map(|status| status.as_str()).collect::<Vec<_>>() }),
        WorkTest::Store(stores) => json!({ "store": stores }),
        WorkTest::Order(orders) => json!({ "order": orders }),
        WorkTest::Id(ids) => json!({ "id": ids }),
        WorkTest::Due { from, before } => {
            json!({ "dueAt": { "gte": from.map(Timestamp::micros), "lt": before.map(Timestamp::micros) } })
        }
        WorkTest::Late { is_late, now } => json!({ "isLate": is_late, "now": now.micros() }),
        WorkTest::Created { from, before } => {
            json!({ "createdAt": { "gte": from.map(Timestamp::micros), "lt": before.map(Timestamp::micros) } })
        }
        WorkTest::Updated { from, before } => {
            json!({ "updatedAt": { "gte": from.map(Timestamp::micros), "lt": before.map(Timestamp::micros) } })
        }
    }
}
