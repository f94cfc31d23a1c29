//! Lists of counts.

use entity::{prelude::*, record::Selected};
use platform::{
    paging::{Key, ListSource, PageRequest},
    storage::{Backend, Fault, Finds, Reads, Row},
};

use super::count_row::CountRow;
use crate::counts::core::Count;

/// A condition on counts; all of a list's must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CountTest {
    Status(Vec<CountStatus>),
    Kind(Vec<CountKind>),
    Store(Vec<StoreId>),
    ExternalRef(String),
    Created { from: Option<Timestamp>, before: Option<Timestamp> },
}

/// Names the order of counts in cursors.
pub const COUNTS: &str = "counts:CREATED_AT:DESC";

/// Where a count stands in its list.
pub fn count_keys(count: &Count) -> Vec<Key> {
    vec![Key::Int(count.created_at.micros()), count.id.into()]
}

/// The counts that pass all of these tests.
pub fn source(backend: Backend, tests: &[CountTest]) -> ListSource {
    let (mut from, mut values) = ("FROM stock_count c WHERE c.tenant_id = $1".to_owned(), Vec::new());
    for test in tests {
        let next = values.len() + 2;
        let part = match test {
            CountTest::Status(list) => {
                values.push(backend.texts(list.iter().map(|status| status.as_str())));
                backend.in_texts("c.status", next)
            }
            CountTest::Kind(list) => {
                values.push(backend.texts(list.iter().map(|kind| kind.as_str())));
                backend.in_texts("c.kind", next)
            }
            CountTest::Store(stores) => {
                values.push(backend.ids(stores.iter().copied()));
                backend.in_ids("c.store_id", next)
            }
            CountTest::ExternalRef(text) => {
                values.push(text.as_str().into());
                format!("c.external_ref = ${next}")
            }
            CountTest::Created { from, before } => {
                values.push(from.map_or(i64::MIN, Timestamp::micros).into());
                values.push(before.map_or(i64::MAX, Timestamp::micros).into());
                format!("c.created_at >= ${next} AND c.created_at < ${}", next + 1)
            }
        };
        from.push_str(" AND ");
        from.push_str(&part);
    }
    ListSource { from, values }
}

/// A page of counts, the newest first.
pub async fn page(reads: &impl Reads, source: ListSource, request: &PageRequest) -> Result<Vec<Count>, Fault> {
    let (sql, values) = source.page(CountRow::SELECT, &["c.created_at", "c.id"], true, request);
    reads.records::<CountRow>(&sql, values).await?.into_iter().map(Count::try_from).collect()
}

/// The id of the count of a number.
pub async fn id_numbered(reads: &impl Reads, number: i64) -> Result<Option<CountId>, Fault> {
    let sql = "SELECT c.id FROM stock_count c WHERE c.tenant_id = $1 AND c.number = $2";
    let rows = reads.rows(sql, vec![number.into()]).await?;
    rows.first().map(|row| Row::new(row).take()).transpose()
}
