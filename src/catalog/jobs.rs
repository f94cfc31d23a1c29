//! What goes on beside the requests.

use super::shell::seal_customers;
use crate::storage::Database;

/// Seals customers from before at a node's start; what could not be sealed is tried again at the next.
pub async fn run(db: Database) {
    match seal_customers(&db).await {
        Ok(0) => {}
        Ok(sealed) => tracing::info!(sealed, "customers were sealed under keys of their own"),
        Err(fault) => tracing::warn!(%fault, "customers from before are not sealed yet"),
    }
}
