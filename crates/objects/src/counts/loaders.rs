//! Loaders of counts, which read in batches for the resolvers of a request. They cache nothing, so
//! that a second mutation of one request sees the writes of the first.

use std::{collections::HashMap, sync::Arc};

use async_graphql::dataloader::Loader;
use entity::prelude::{CountId, CountLineId, Timestamp};
use inventory::counts::{
    core::{Count, CountAttempt},
    rows::{self, Progress},
};
use platform::storage::Fault;

crate::tenant_rows!(
    /// Reads the counts of one tenant.
    Rows
);

/// Key of a count's progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountProgressKey(pub CountId);
/// Every time that a line was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountAttemptsKey(pub CountLineId);

impl Loader<CountId> for Rows {
    type Value = Arc<Count>;
    type Error = Fault;
    async fn load(&self, keys: &[CountId]) -> Result<HashMap<CountId, Arc<Count>>, Fault> {
        Ok(rows::load_counts(&self.0, keys).await?.into_iter().map(|count| (count.id, Arc::new(count))).collect())
    }
}

impl Loader<CountProgressKey> for Rows {
    type Value = Progress;
    type Error = Fault;
    async fn load(&self, keys: &[CountProgressKey]) -> Result<HashMap<CountProgressKey, Progress>, Fault> {
        let ids: Vec<CountId> = keys.iter().map(|key| key.0).collect();
        Ok(rows::load_progress(&self.0, &ids).await?.into_iter().map(|(id, progress)| (CountProgressKey(id), progress)).collect())
    }
}

impl Loader<CountAttemptsKey> for Rows {
    type Value = Arc<Vec<(CountAttempt, Timestamp)>>;
    type Error = Fault;
    async fn load(
        &self,
        keys: &[CountAttemptsKey],
    ) -> Result<HashMap<CountAttemptsKey, Arc<Vec<(CountAttempt, Timestamp)>>>, Fault> {
        let ids: Vec<CountLineId> = keys.iter().map(|key| key.0).collect();
        Ok(rows::attempts_of_lines(&self.0, &ids)
            .await?
            .into_iter()
            .map(|(id, attempts_of_lines)| (CountAttemptsKey(id), Arc::new(attempts_of_lines)))
            .collect())
    }
}
