//! Lists of counts.

use entity::{prelude::*, record::Selected};
use platform::{
    paging::{Key, ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Nested, Reads, Row},
};
use sea_orm::Value;

use super::count_row::CountRow;
use crate::{
    catalog::rows::{filter::TextTest as TagTest, node_tags::tag_condition},
    counts::core::Count,
    orders::rows::{Clause, DocumentSort, DocumentSorted, DocumentTable, DocumentTest, TextTest},
};

/// A condition on counts; all of a list's must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CountTest {
    Status(Vec<CountStatus>),
    Kind(Vec<CountKind>),
    Store(Vec<StoreId>),
    ExternalRef(TextTest),
    Created {
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    },
    Document(DocumentTest),
    /// One of the tags passes.
    Tag(TagTest),
}

/// Counts and their lines.
const TABLE: DocumentTable = DocumentTable { name: "stock_count", alias: "c", lines: "count_line", of: "count_id", counts: "" };

/// Names lists of counts in cursors.
pub const COUNTS: &str = "counts";

/// The default order of counts.
pub const NEWEST: DocumentSorted = DocumentSorted::last_first(DocumentSort::CreatedAt);

/// Returns the cursor keys of a count in its list.
pub fn count_keys(sorted: DocumentSorted, count: &Count) -> Vec<Key> {
    vec![sorted.key(count.number.get(), count.created_at, count.updated_at), count.id.into()]
}

/// The counts that pass these tests: all of each list.
pub fn counts_source(backend: Backend, tests: &Nested<Vec<CountTest>>) -> ListSource {
    let (conditions, values) = tests.conditions(2, &|tests, next| conditions(backend, tests, next));
    ListSource { from: format!("FROM stock_count c WHERE c.tenant_id = $1{conditions}"), values }
}

/// The conditions of all of these tests; parameters are numbered from `first`.
fn conditions(backend: Backend, tests: &[CountTest], first: usize) -> (String, Vec<Value>) {
    let (mut sql, mut values) = (String::new(), Vec::new());
    for test in tests {
        let next_parameter = first + values.len();
        let condition = match test {
            CountTest::Status(list) => {
                values.push(backend.texts(list.iter().map(|status| status.as_str())));
                backend.in_texts("c.status", next_parameter)
            }
            CountTest::Kind(list) => {
                values.push(backend.texts(list.iter().map(|kind| kind.as_str())));
                backend.in_texts("c.kind", next_parameter)
            }
            CountTest::Store(stores) => {
                values.push(backend.ids(stores.iter().copied()));
                backend.in_ids("c.store_id", next_parameter)
            }
            CountTest::ExternalRef(test) => {
                let mut clause = Clause::new(backend, next_parameter);
                clause.text("c.external_ref", test);
                values.extend(clause.values);
                clause.sql
            }
            CountTest::Created { from, before } => {
                values.push(from.map_or(i64::MIN, Timestamp::micros).into());
                values.push(before.map_or(i64::MAX, Timestamp::micros).into());
                format!("c.created_at >= ${next_parameter} AND c.created_at < ${}", next_parameter + 1)
            }
            CountTest::Tag(test) => {
                let (condition, condition_values) = tag_condition(backend, next_parameter, "c.id", test);
                values.extend(condition_values);
                sql.push_str(&condition);
                continue;
            }
            CountTest::Document(test) => {
                let (condition, condition_values) =
                    DocumentTest::all(std::slice::from_ref(test), &TABLE, backend, next_parameter);
                values.extend(condition_values);
                sql.push_str(&condition);
                continue;
            }
        };
        sql.push_str(" AND ");
        sql.push_str(&condition);
    }
    (sql, values)
}

/// A page of counts.
pub async fn load_count_page(
    reads: &impl Reads,
    source: ListSource,
    sorted: DocumentSorted,
    request: &PageRequest,
) -> Result<Vec<Count>, Fault> {
    let (sql, values) = sorted.page(source, CountRow::SELECT, "c", request);
    reads.records::<CountRow>(&sql, values).await?.into_iter().map(Count::try_from).collect()
}

/// The id of the count of a number.
pub async fn id_by_number(reads: &impl Reads, number: i64) -> Result<Option<CountId>, Fault> {
    let sql = "SELECT c.id FROM stock_count c WHERE c.tenant_id = $1 AND c.number = $2";
    let rows = reads.rows(sql, vec![number.into()]).await?;
    rows.first().map(Row::scalar).transpose()
}
