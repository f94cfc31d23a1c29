//! References to transfers.

use async_graphql::{ID, OneofObject};

/// A transfer by one of its names.
#[derive(Debug, Clone, OneofObject)]
pub enum TransferRef {
    /// ID of the transfer.
    Id(ID),
    /// Number of the transfer. Needs transfer.read.
    Number(String),
}
