//! Filters of alerts as cursors keep them.

use entity::prelude::Timestamp;
use platform::storage::Nested;
use serde_json::{Value, json};
use services::alerts::rows::Test;

use crate::graphql::canonical::Canonical;

impl Canonical for Vec<Test> {
    fn canonical(&self) -> Value {
        self.iter().map(of).collect()
    }
}

fn of(test: &Test) -> Value {
    match test {
        Test::Kind(kinds) => json!({ "kind": kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>() }),
        Test::NotKind(kind) => json!({ "not": { "kind": kind.as_str() } }),
        Test::State(states) => json!({ "state": states.iter().map(|state| state.as_str()).collect::<Vec<_>>() }),
        Test::Store(stores) => json!({ "store": stores }),
        Test::Product(products) => json!({ "product": products }),
        Test::Assignee(members) => json!({ "assignee": members }),
        Test::IsAssigned(is_assigned) => json!({ "assignee": { "isNull": !is_assigned } }),
        Test::Opened { from, before } => {
            json!({ "openedAt": { "gte": from.map(Timestamp::micros), "lt": before.map(Timestamp::micros) } })
        }
        Test::Updated { from, before } => {
            json!({ "updatedAt": { "gte": from.map(Timestamp::micros), "lt": before.map(Timestamp::micros) } })
        }
        Test::Nested(nested) => of_nested(nested),
    }
}

fn of_nested(nested: &Nested<Vec<Test>>) -> Value {
    let list = |parts: &Vec<Nested<Vec<Test>>>| parts.iter().map(of_nested).collect::<Vec<_>>();
    json!({
        "all": nested.own.canonical(),
        "and": list(&nested.and),
        "or": nested.or.as_ref().map(list),
        "not": nested.not.as_deref().map(of_nested),
    })
}
