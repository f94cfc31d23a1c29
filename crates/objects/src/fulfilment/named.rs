//! Filters of works as cursors keep them.

use entity::prelude::Timestamp;
use inventory::fulfilment::rows::{WorkTest, WorkTests};
use platform::storage::Nested;
use serde_json::{Value, json};

use crate::{
    graphql::canonical::Canonical,
    live::stream::{FilterName, filter_name},
};

impl Canonical for Nested<WorkTests> {
    /// A filter without nested filters is the list of its tests, as before nested ones existed.
    /// Streams have no tests of orders or of lists.
    fn canonical(&self) -> Value {
        let own_tests: Value = self.own.works.iter().map(of).collect();
        if self.is_plain() {
            return own_tests;
        }
        let parts = |parts: &[Self]| parts.iter().map(Self::canonical).collect::<Vec<_>>();
        json!({
            "own": own_tests,
            "and": parts(&self.and),
            "or": self.or.as_deref().map(parts),
            "not": self.not.as_deref().map(Self::canonical),
        })
    }
}

/// The name of a filter in cursors of the stream. Older releases named the tests by themselves, and had no filters inside others.
pub fn name_of(tests: &Nested<WorkTests>) -> FilterName {
    let former_text = if tests.is_plain() { format!("{:?}", tests.own.works) } else { format!("{tests:?}") };
    filter_name(tests.canonical(), &former_text)
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
