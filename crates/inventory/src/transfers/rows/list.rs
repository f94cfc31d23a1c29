//! Lists of transfers.

use entity::{prelude::*, record::Selected};
use platform::{
    paging::{ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Nested, Reads, Row},
};
use sea_orm::Value;

use super::{load::TransferRow, sorted::TransfersSorted};
use crate::{
    catalog::rows::{conditions::null_test, filter::TextTest as TagTest, node_tags::tag_condition},
    orders::rows::{Clause, DocumentTable, DocumentTest, TextTest},
    transfers::core::Transfer,
};

/// A condition on transfers; all of a list's must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferTest {
    Status(Vec<TransferStatus>),
    From(Vec<StoreId>),
    To(Vec<StoreId>),
    /// Sent from or to one of these stores.
    Touches(Vec<StoreId>),
    Product(Vec<ProductId>),
    ExternalRef(TextTest),
    Created {
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    },
    Expected {
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    },
    /// Whether there is a time at which it is expected.
    IsExpected(bool),
    Document(DocumentTest),
    /// One of the tags passes.
    Tag(TagTest),
}

/// Transfers and those of their lines with a quantity.
const TABLE: DocumentTable =
    DocumentTable { name: "transfer", alias: "t", lines: "transfer_line", of: "transfer_id", counts: " AND l.quantity > 0" };

/// Names lists of transfers in cursors.
pub const TRANSFERS: &str = "transfers";

/// The transfers that pass these tests: all of each list.
pub fn source(backend: Backend, tests: &Nested<Vec<TransferTest>>) -> ListSource {
    let (conditions, values) = tests.conditions(2, &|tests, first| {
        let (mut sql, mut values) = (String::new(), Vec::new());
        for test in tests {
            condition(test, backend, first, &mut sql, &mut values);
        }
        (sql, values)
    });
    ListSource { from: format!("FROM transfer t WHERE t.tenant_id = $1{conditions}"), values }
}

/// A page of transfers without their lines.
pub async fn page(
    reads: &impl Reads,
    source: ListSource,
    sorted: TransfersSorted,
    request: &PageRequest,
) -> Result<Vec<Transfer>, Fault> {
    let (sql, values) = sorted.page(source, TransferRow::SELECT, request);
    reads.records::<TransferRow>(&sql, values).await?.into_iter().map(Transfer::try_from).collect()
}

/// Adds the condition of a test to the SQL so far; parameters are numbered from `first`.
fn condition(test: &TransferTest, backend: Backend, first: usize, sql: &mut String, values: &mut Vec<Value>) {
    let next_parameter = first + values.len();
    let mut span = |column: &str, from: Option<Timestamp>, before: Option<Timestamp>| {
        for (bound, operator) in [(from, ">="), (before, "<")] {
            if let Some(bound) = bound {
                values.push(bound.micros().into());
                let test = format!("{column} {operator} ${}", first + values.len() - 1);
                // The column that sorts the list needs no index besides the list's own.
                let test = if column == "t.created_at" { test } else { backend.rarely_matches(&test) };
                sql.push_str(&format!(" AND {test}"));
            }
        }
    };
    let (condition_sql, value) = match test {
        TransferTest::Document(test) => {
            let (condition_sql, condition_values) =
                DocumentTest::all(std::slice::from_ref(test), &TABLE, backend, next_parameter);
            values.extend(condition_values);
            return sql.push_str(&condition_sql);
        }
        TransferTest::Tag(test) => {
            let (condition_sql, condition_values) = tag_condition(backend, next_parameter, "t.id", test);
            values.extend(condition_values);
            return sql.push_str(&condition_sql);
        }
        TransferTest::ExternalRef(test) => {
            let mut clause = Clause::new(backend, next_parameter);
            clause.text("t.external_ref", test);
            values.extend(clause.values);
            return sql.push_str(&format!(" AND {}", clause.sql));
        }
        TransferTest::Created { from, before } => return span("t.created_at", *from, *before),
        TransferTest::Expected { from, before } => {
            span("t.expected_at", *from, *before);
            if from.is_some() || before.is_some() {
                sql.push_str(" AND t.expected_at IS NOT NULL");
            }
            return;
        }
        TransferTest::IsExpected(is_expected) => {
            return sql.push_str(&format!(" AND {}", null_test("t.expected_at", !is_expected)));
        }
        TransferTest::Status(list) => {
            (backend.in_texts("t.status", next_parameter), backend.texts(list.iter().map(|status| status.as_str())))
        }
        TransferTest::From(stores) => (backend.in_ids("t.from_store_id", next_parameter), backend.ids(stores.iter().copied())),
        TransferTest::To(stores) => (backend.in_ids("t.to_store_id", next_parameter), backend.ids(stores.iter().copied())),
        TransferTest::Touches(stores) => {
            let (from, to) = (backend.in_ids("t.from_store_id", next_parameter), backend.in_ids("t.to_store_id", next_parameter));
            (format!("({from} OR {to})"), backend.ids(stores.iter().copied()))
        }
        TransferTest::Product(products) => {
            let product_condition = backend.in_ids("l.product_id", next_parameter);
            let lines = "SELECT l.transfer_id FROM transfer_line l WHERE l.tenant_id = $1 AND l.quantity > 0 AND";
            (format!("t.id IN ({lines} {product_condition})"), backend.ids(products.iter().copied()))
        }
    };
    values.push(value);
    sql.push_str(" AND ");
    sql.push_str(&condition_sql);
}

/// The id of the transfer of a number.
pub async fn id_by_number(reads: &impl Reads, number: i64) -> Result<Option<TransferId>, Fault> {
    let rows = reads.rows("SELECT t.id FROM transfer t WHERE t.tenant_id = $1 AND t.number = $2", vec![number.into()]).await?;
    rows.first().map(Row::scalar).transpose()
}
