//! Filters of orders as cursors keep them.

use entity::prelude::Timestamp;
use inventory::orders::rows::{
    AllocatedTest, DocumentTest, Filter, IdColumn, NoteTest, NumberTest, OrderMetadataTest, SearchTest, Span, TagTest, TextTest,
};
use serde_json::{Value, json};

use crate::{catalog::metadata_name, graphql::canonical::Canonical};

impl Canonical for Filter {
    fn canonical(&self) -> Value {
        let parts = |parts: &[Self]| parts.iter().map(Self::canonical).collect::<Vec<_>>();
        match self {
            Self::All(filters) => json!({ "and": parts(filters) }),
            Self::Any(any) => json!({ "or": parts(any) }),
            Self::Not(part) => json!({ "not": part.canonical() }),
            Self::Ids(column, ids) => {
                let column = match column {
                    IdColumn::Order => "id",
                    IdColumn::Store => "store",
                    IdColumn::Channel => "channel",
                    IdColumn::Customer => "customer",
                };
                json!({ column: ids })
            }
            Self::HasCustomer(has_one) => json!({ "hasCustomer": has_one }),
            Self::Status(statuses) => json!({ "status": statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>() }),
            Self::ExternalRef(test) => json!({ "externalRef": text(test) }),
            Self::Register(test) => json!({ "register": text(test) }),
            Self::Hold(kinds) => json!({ "hold": kinds }),
            Self::IsHeld(is_held) => json!({ "isHeld": is_held }),
            Self::Payment(list) => json!({ "paymentStatus": list.iter().map(|status| status.as_str()).collect::<Vec<_>>() }),
            Self::Refund(list) => json!({ "refundStatus": list.iter().map(|status| status.as_str()).collect::<Vec<_>>() }),
            Self::PlacedAt(test) => json!({ "placedAt": span(*test) }),
            Self::Document(test) => document(test),
            Self::Total(test) => {
                json!({ "total": { "currencyCode": test.currency.as_str(), "gte": test.least, "lte": test.most } })
            }
            Self::Allocated(AllocatedTest::Ids(ids)) => json!({ "allocatedStore": { "in": ids } }),
            Self::Allocated(AllocatedTest::Codes(codes)) => json!({ "allocatedStore": { "key": codes } }),
            Self::Search(SearchTest { words, sees_customers }) => {
                json!({ "search": words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), "customers": sees_customers })
            }
            Self::Note(NoteTest(test)) => json!({ "note": text(test) }),
            Self::Metadata(OrderMetadataTest(test)) => metadata_name(test),
            Self::Tag(TagTest(test)) => json!({ "tag": text(test) }),
        }
    }
}

fn document(test: &DocumentTest) -> Value {
    match test {
        DocumentTest::Number(NumberTest::In(numbers)) => json!({ "number": { "in": numbers } }),
        DocumentTest::Number(NumberTest::StartsWith(prefix)) => json!({ "number": { "startsWith": prefix } }),
        DocumentTest::Number(NumberTest::Shows { digits, among: candidates }) => {
            let candidates = candidates
                .iter()
                .map(|candidate| json!([candidate.from, candidate.to, candidate.width, candidate.place.as_str()]));
            json!({ "number": { "contains": digits, "among": candidates.collect::<Vec<_>>() } })
        }
        DocumentTest::CreatedAt(test) => json!({ "createdAt": span(*test) }),
        DocumentTest::UpdatedAt(test) => json!({ "updatedAt": span(*test) }),
        DocumentTest::Product(ids) => json!({ "product": ids }),
        DocumentTest::Sku(test) => json!({ "sku": text(test) }),
        DocumentTest::Ids(ids) => json!({ "id": ids }),
        DocumentTest::Search(search) => json!({ "search": search.text }),
    }
}

fn text(test: &TextTest) -> Value {
    match test {
        TextTest::In(texts) => json!({ "in": texts }),
        TextTest::StartsWith(text) => json!({ "startsWith": text }),
        TextTest::Contains(text) => json!({ "contains": text }),
        TextTest::IsNull(is_null) => json!({ "isNull": is_null }),
    }
}

fn span(test: Span) -> Value {
    json!({ "gte": test.from.map(Timestamp::micros), "lt": test.before.map(Timestamp::micros) })
}
