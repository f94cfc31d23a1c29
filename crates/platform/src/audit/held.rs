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

/// End of the log; empty if there is no entry.
#[derive(Record)]
#[record(of = audit_head, alias = "e")]
struct ChainEndRow {
    #[record(outer)]
    seq: Option<i64>,
    #[record(outer)]
    hash: Option<Vec<u8>>,
}

/// Locks the tenant's counter as `journal::lock_counter` does, then the end of its log, in one statement:
/// all code that locks both keeps this order. The end is None if the log is empty, and on SQLite,
/// which has no row locks: `rows::append_rows` reads it later. The counter is None if the tenant is
/// gone.
pub async fn lock_counter_and_chain_end(work: &Work) -> Result<(Option<Counter>, Option<Chain>), Fault> {
    let backend = work.backend();
    let lock = backend.for_change("t");
    if lock.is_empty() {
        return Ok((journal::lock_counter(work).await?, None));
    }
    // The join locks the end of the log only after the counter is locked.
    let sql = format!(
        "WITH c AS MATERIALIZED (SELECT {columns} FROM tenant_counter t WHERE t.tenant_id = $1{lock}),
         e AS MATERIALIZED (SELECT h.seq, h.hash FROM c CROSS JOIN audit_head h WHERE h.tenant_id = $1{behind})
         SELECT c.*, {end} FROM c LEFT JOIN e ON TRUE",
        end = ChainEndRow::SELECT,
        columns = journal::columns(),
        behind = backend.for_update("h")
    );
    let rows = work.rows(&sql, vec![]).await?;
    let Some(row) = rows.first() else { return Ok((None, None)) };
    let mut row = Row::new(row);
    let counter = Counter::from_row(&mut row)?;
    let ChainEndRow { seq, hash } = row.record()?;
    let end = match seq.zip(hash) {
        Some((seq, hash)) => Some(Chain { seq, hash: hash_of(hash)? }),
        None => None,
    };
    Ok((Some(counter), end))
}
