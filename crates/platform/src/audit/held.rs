//! The end of the log, locked with the tenant's counter.

use entity::{
    record::{Record, Selected},
    tables::audit_head,
};

use super::{core::Chain, rows::hash_of};
use crate::storage::{
    Fault, Reads, Row, Work,
    journal::{self, Counter},
};

/// The end of the log, where it has begun.
#[derive(Record)]
#[record(of = audit_head, alias = "e")]
struct EndRow {
    #[record(outer)]
    seq: Option<i64>,
    #[record(outer)]
    hash: Option<Vec<u8>>,
}

/// Locks the tenant's counter as `journal::held` does and the end of its log behind it, in one statement: the order that all keep who lock both. The
/// end is None where the log has not begun, and on SQLite, which locks nothing: `rows::appended` reads it then. No counter where the tenant is gone.
pub async fn counter_and_end(work: &Work) -> Result<(Option<Counter>, Option<Chain>), Fault> {
    let backend = work.backend();
    let lock = backend.for_change("t");
    if lock.is_empty() {
        return Ok((journal::held(work).await?, None));
    }
    // A row of the join is there, and the end locked, only once the counter is.
    let sql = format!(
        "WITH c AS MATERIALIZED (SELECT {columns} FROM tenant_counter t WHERE t.tenant_id = $1{lock}),
         e AS MATERIALIZED (SELECT h.seq, h.hash FROM c CROSS JOIN audit_head h WHERE h.tenant_id = $1{behind})
         SELECT c.*, {end} FROM c LEFT JOIN e ON TRUE",
        end = EndRow::SELECT,
        columns = journal::columns(),
        behind = backend.for_update("h")
    );
    let rows = work.rows(&sql, vec![]).await?;
    let Some(row) = rows.first() else { return Ok((None, None)) };
    let mut row = Row::new(row);
    let counter = Counter::from_row(&mut row)?;
    let EndRow { seq, hash } = row.record()?;
    let end = match seq.zip(hash) {
        Some((seq, hash)) => Some(Chain { seq, hash: hash_of(hash)? }),
        None => None,
    };
    Ok((Some(counter), end))
}
