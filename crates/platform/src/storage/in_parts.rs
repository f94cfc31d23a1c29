//! Reads whose rows grow with a tenant's catalogue, some thousand rows at a time.
//!
//! All rows of a statement are in memory together before the first of them is looked at. SQLite's driver keeps some 110 bytes for each value: four columns of a
//! million products are 440 MB.

use entity::record::Record;
use sea_orm::Value;
use uuid::Uuid;

use super::{Fault, Finds, Reads};

/// Rows that are read at once, or IDs that are looked up at once.
pub const AT_ONCE: usize = 2_000;

/// Hands the rows of a statement to `each`, in the order of a column of IDs that tells them apart: [`AT_ONCE`] with each statement. The text ends
/// with its conditions, and `values` are those of `$2` on. `each` answers with the column's value of its row. A row that is written meanwhile is
/// read as it was or as it is, and never twice.
///
/// # Errors
/// The database fails.
pub async fn in_parts<R: Record + Send>(
    reads: &impl Reads,
    sql: &str,
    values: &[Value],
    column: &str,
    mut each: impl FnMut(R) -> Uuid,
) -> Result<(), Fault> {
    let sql = format!("{sql} AND {column} > ${} ORDER BY {column} LIMIT {AT_ONCE}", values.len() + 2);
    let mut last = Uuid::nil();
    loop {
        let own: Vec<Value> = values.iter().cloned().chain([Value::from(last)]).collect();
        let rows = reads.records::<R>(&sql, own).await?;
        let is_last = rows.len() < AT_ONCE;
        for row in rows {
            last = each(row);
        }
        if is_last {
            return Ok(());
        }
    }
}
