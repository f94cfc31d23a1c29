//! Filters of products as cursors keep them.

use entity::prelude::Timestamp;
use inventory::catalog::rows::filter::{Filter, IdColumn, TextColumn, TextTest};
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
                    IdColumn::Product => "product",
                    IdColumn::Category => "category",
                    IdColumn::Supplier => "supplier",
                    IdColumn::CategoryTree => "categoryTree",
                    IdColumn::Family => "family",
                };
                json!({ column: ids })
            }
            Self::Text(column, test) => {
                let column = match column {
                    TextColumn::Sku => "sku",
                    TextColumn::Name => "name",
                };
                json!({ column: match test {
                    TextTest::In(texts) => json!({ "in": texts }),
                    TextTest::StartsWith(text) => json!({ "startsWith": text }),
                    TextTest::Contains(text) => json!({ "contains": text }),
                } })
            }
            Self::Status(statuses) => json!({ "status": statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>() }),
            Self::UpdatedAt { from, before } => {
                json!({ "updatedAt": { "gte": from.map(Timestamp::micros), "lt": before.map(Timestamp::micros) } })
            }
            Self::Search(text) => json!({ "search": text }),
        }
    }
}
