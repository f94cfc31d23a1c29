//! Reads of a number of rows that grows with a tenant's catalogue, some thousand rows at a time.
//!
//! All rows of a statement are in memory before the first of them is processed. SQLite's driver
//! uses some 110 bytes for each value: four columns of a million products are 440 MB.

use entity::record::Record;
use sea_orm::Value;
use uuid::Uuid;

use super::{Fault, Finds, Reads};

/// Rows that are read at once, or IDs that are looked up at once.
pub const ROWS_PER_PAGE: usize = 2_000;

/// Passes the rows of a statement to `each`, in the order of a unique column of IDs, [`ROWS_PER_PAGE`]
/// rows with each statement. The text ends with its conditions, and `values` are the parameters
/// from `$2` on. `each` returns its row's value of the column. A row that is written meanwhile is
/// read in its old or new state, and never twice.
///
/// # Errors
/// The database fails.
pub async fn for_each_page<R: Record + Send>(
    reads: &impl Reads,
    sql: &str,
    values: &[Value],
    column: &str,
    mut each: impl FnMut(R) -> Uuid,
) -> Result<(), Fault> {
    let sql = format!("{sql} AND {column} > ${} ORDER BY {column} LIMIT {ROWS_PER_PAGE}", values.len() + 2);
    let mut last = Uuid::nil();
    loop {
        let own_values: Vec<Value> = values.iter().cloned().chain([Value::from(last)]).collect();
        let rows = reads.records::<R>(&sql, own_values).await?;
        let is_last = rows.len() < ROWS_PER_PAGE;
        for row in rows {
            last = each(row);
        }
        if is_last {
            return Ok(());
        }
    }
}
