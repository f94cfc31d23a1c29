//! Loaders of transfers, which read in batches for the resolvers of a request. They cache nothing,
//! so that a second mutation of one request sees the writes of the first.

use std::{collections::HashMap, sync::Arc};

use async_graphql::dataloader::Loader;
use entity::prelude::TransferId;
use inventory::transfers::{core::Transfer, rows};
use platform::storage::Fault;

crate::tenant_rows!(
    /// Reads the transfers of one tenant.
    Rows
);

impl Loader<TransferId> for Rows {
    type Value = Arc<Transfer>;
    type Error = Fault;
    /// With their lines: two statements.
    async fn load(&self, keys: &[TransferId]) -> Result<HashMap<TransferId, Arc<Transfer>>, Fault> {
        let loaded_transfers = rows::load_transfers(&self.0, keys).await?;
        Ok(loaded_transfers.into_iter().map(|transfer| (transfer.id, Arc::new(transfer))).collect())
    }
}
