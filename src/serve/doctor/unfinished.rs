//! Restores and copies for which `serve` refuses a database.

use platform::storage::{Database, copying::CopyMarks};

use super::{probes::of_fault, report::Finding};
use crate::serve::database::RESTORING;

pub(super) const RESTORE_CHECK: &str = "restore";
pub(super) const COPY_CHECK: &str = "copy";

/// Whether a restore has ended before it was done. It needs none of Entrepot's tables.
pub(super) async fn restore(db: Database) -> Vec<Finding> {
    match db.is_restoring().await {
        Ok(false) => Vec::new(),
        Ok(true) => vec![Finding::fail(RESTORE_CHECK, RESTORING, "do not migrate it, and serve nothing from it before")],
        Err(fault) => of_fault(RESTORE_CHECK, &fault),
    }
}

/// Whether the database is part of a copy that has not ended, or was copied to another one that is
/// now served instead.
pub(super) async fn copy(db: Database) -> Vec<Finding> {
    match CopyMarks::of(&db).await {
        Ok(marks) => match marks.write_refusal().or_else(|| marks.serve_refusal()) {
            Some(reason) => vec![Finding::fail(COPY_CHECK, reason, "look at --database-url")],
            None => Vec::new(),
        },
        Err(fault) => of_fault(COPY_CHECK, &fault),
    }
}
