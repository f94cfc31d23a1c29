//! Filters of levels as cursors keep them.

use entity::prelude::Timestamp;
use inventory::stock::rows::list::{LevelFilter, ListedTest};
use serde_json::{Value, json};

use crate::graphql::canonical::Canonical;

impl Canonical for LevelFilter {
    fn canonical(&self) -> Value {
        let parts = |parts: &[Self]| parts.iter().map(Self::canonical).collect::<Vec<_>>();
        let range =
            |(min, max): (Option<i64>, Option<i64>)| (min.is_some() || max.is_some()).then(|| json!({ "gte": min, "lte": max }));
        json!({
            "and": Some(parts(&self.and)).filter(|and| !and.is_empty()),
            "or": self.or.as_deref().map(parts),
            "not": self.not.as_deref().map(Self::canonical),
            "id": self.ids,
            "store": self.stores,
            "product": self.products,
            "category": self.categories,
            "available": range(self.available),
            "onHand": range(self.on_hand),
            "reserved": range(self.reserved),
            "status": self.statuses.as_ref().map(|statuses| statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>()),
            "ofLists": Some(self.of_lists.iter().map(canonical_list_test).collect::<Vec<_>>()).filter(|tests| !tests.is_empty()),
        })
    }
}

fn canonical_list_test(test: &ListedTest) -> Value {
    match test {
        ListedTest::Product(filter) => filter.canonical(),
        ListedTest::Search(ranked) => json!({ "search": ranked.ids }),
        ListedTest::UpdatedAt([from, before]) => {
            json!({ "updatedAt": { "gte": from.map(Timestamp::micros), "lt": before.map(Timestamp::micros) } })
        }
        ListedTest::LotCodes(codes) => json!({ "lot": { "in": codes } }),
        ListedTest::LotBegins(prefix) => json!({ "lot": { "startsWith": prefix } }),
    }
}
