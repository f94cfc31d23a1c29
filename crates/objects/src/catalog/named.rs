//! Filters of products as cursors keep them.

use entity::prelude::Timestamp;
use inventory::catalog::rows::{
    filter::{Filter, IdColumn, TextColumn, TextTest},
    leaves::MetadataTest,
    stock_filter::{StockTest, StoresTest},
};
use serde_json::{Value, json};

use crate::graphql::canonical::Canonical;

impl Canonical for Filter {
    fn canonical(&self) -> Value {
        let parts = |parts: &[Self]| parts.iter().map(Self::canonical).collect::<Vec<_>>();
        match self {
            Self::All(filters) => json!({ "and": parts(filters) }),
            Self::Any(any) => json!({ "or": parts(any) }),
            Self::Not(part) => json!({ "not": part.canonical() }),
            Self::Ids(column, ids) => json!({ id_name(*column): ids }),
            Self::IsNull(column, is_null) => json!({ id_name(*column): { "isNull": is_null } }),
            Self::Text(column, test) => {
                let column = match column {
                    TextColumn::Sku => "sku",
                    TextColumn::Name => "name",
                };
                json!({ column: text(test) })
            }
            Self::Status(statuses) => json!({ "status": statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>() }),
            Self::Tracking(list) => json!({ "tracking": list.iter().map(|tracking| tracking.as_str()).collect::<Vec<_>>() }),
            Self::UpdatedAt { from, before } => json!({ "updatedAt": span(*from, *before) }),
            Self::CreatedAt { from, before } => json!({ "createdAt": span(*from, *before) }),
            Self::Barcode(test) => json!({ "barcode": text(test) }),
            Self::Price(test) => {
                json!({ "price": { "currencyCode": test.currency.as_str(), "gte": test.least, "lte": test.most } })
            }
            Self::Metadata(test) => metadata_name(test),
            Self::Stock(test) => stock(test),
            Self::Search(text) => json!({ "search": text }),
        }
    }
}

const fn id_name(column: IdColumn) -> &'static str {
    match column {
        IdColumn::Product => "product",
        IdColumn::Category => "category",
        IdColumn::Supplier => "supplier",
        IdColumn::CategoryTree => "categoryTree",
        IdColumn::Family => "family",
    }
}

/// A test of metadata, of any kind of object.
pub fn metadata_name(test: &MetadataTest) -> Value {
    json!({ "metadata": { "key": test.key, "value": test.value.iter().map(text).collect::<Vec<_>>() } })
}

fn text(test: &TextTest) -> Value {
    match test {
        TextTest::In(texts) => json!({ "in": texts }),
        TextTest::StartsWith(text) => json!({ "startsWith": text }),
        TextTest::Contains(text) => json!({ "contains": text }),
        TextTest::IsNull(is_null) => json!({ "isNull": is_null }),
    }
}

fn stock(test: &StockTest) -> Value {
    let stores = |test: &StoresTest| match test {
        StoresTest::Ids(ids) => json!({ "in": ids }),
        StoresTest::Codes(codes) => json!({ "key": codes }),
    };
    json!({
        "stockStatus": test.statuses.as_ref().map(|list| list.iter().map(|status| status.as_str()).collect::<Vec<_>>()),
        "stockedIn": test.stores.iter().map(stores).collect::<Vec<_>>(),
        "seen": test.seen,
    })
}

fn span(from: Option<Timestamp>, before: Option<Timestamp>) -> Value {
    json!({ "gte": from.map(Timestamp::micros), "lt": before.map(Timestamp::micros) })
}
