//! What goes on beside the requests.

use super::shell::seal_customers;
use crate::storage::{Database, Fault};

/// Seals customers from before there were keys of their own; once they are, it finds none.
pub async fn seal(db: Database) -> Result<(), Fault> {
    let sealed = seal_customers(&db).await?;
    if sealed > 0 {
        tracing::info!(sealed, "customers were sealed under keys of their own");
    }
    Ok(())
}
