//! Checks the search index of SQLite against the products.

use entity::prelude::TenantId;
use platform::storage::{Database, Fault, Row};

use super::report::{Line, Report, Violation};

pub(super) const INDEX: &str = "search index: its words are those of the products";

/// FTS5's own check: with a rank of 1 it compares the index with its content table. It has the form
/// of an insert, which is rolled back; a read-only database cannot run it.
pub(super) async fn verify_index<'a>(db: &Database, report: &'a mut Report) -> Result<&'a Line, Fault> {
    let rows = db.global().rows("SELECT count(*) FROM product", vec![]).await?;
    let count: i64 = rows.first().map_or(Ok(0), Row::scalar)?;
    let rows = count.unsigned_abs();
    let broken = match check_index(db).await {
        Ok(()) => None,
        Err(fault) if fault.is_corrupt_row() => Some(Violation {
            table: "product_search",
            key: "the index".to_owned(),
            expected: "the words of every product's search_text".to_owned(),
            found: fault.to_string(),
        }),
        Err(fault) if fault.is_transient() && fault.unwritable().is_none() => return Err(fault),
        Err(fault) => return Ok(report.add_unverified(INDEX, rows, fault.to_string())),
    };
    Ok(report.add(INDEX, rows, broken.map(|broken| (TenantId::NIL, broken))))
}

async fn check_index(db: &Database) -> Result<(), Fault> {
    let work = db.tenant(TenantId::NIL).begin().await?;
    let sql = "INSERT INTO product_search (product_search, rank) SELECT 'integrity-check', 1 WHERE $1 IS NOT NULL";
    let outcome = work.execute(sql, vec![]).await;
    work.rollback().await?;
    outcome.map(drop)
}
