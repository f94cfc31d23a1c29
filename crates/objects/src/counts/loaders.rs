//! What a request's resolvers ask for together is read together; nothing is kept, so that a second mutation of one request sees what the
//! first one wrote.

use std::{collections::HashMap, sync::Arc};

use async_graphql::dataloader::Loader;
use entity::prelude::{CountId, CountLineId, Timestamp};
use inventory::counts::{
    core::{Count, Try},
    rows::{self, Progress},
};
use platform::storage::Fault;

crate::tenant_rows!(
    /// Reads the counts of one tenant.
    Rows
);

/// How far a count has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProgressOf(pub CountId);
/// Every time that a line was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TriesOf(pub CountLineId);

impl Loader<CountId> for Rows {
    type Value = Arc<Count>;
    type Error = Fault;
    async fn load(&self, keys: &[CountId]) -> Result<HashMap<CountId, Arc<Count>>, Fault> {
        Ok(rows::counts(&self.0, keys).await?.into_iter().map(|count| (count.id, Arc::new(count))).collect())
    }
}

impl Loader<ProgressOf> for Rows {
    type Value = Progress;
    type Error = Fault;
    async fn load(&self, keys: &[ProgressOf]) -> Result<HashMap<ProgressOf, Progress>, Fault> {
        let ids: Vec<CountId> = keys.iter().map(|key| key.0).collect();
        Ok(rows::progress(&self.0, &ids).await?.into_iter().map(|(id, progress)| (ProgressOf(id), progress)).collect())
    }
}

impl Loader<TriesOf> for Rows {
    type Value = Arc<Vec<(Try, Timestamp)>>;
    type Error = Fault;
    async fn load(&self, keys: &[TriesOf]) -> Result<HashMap<TriesOf, Arc<Vec<(Try, Timestamp)>>>, Fault> {
        let ids: Vec<CountLineId> = keys.iter().map(|key| key.0).collect();
        Ok(rows::tries(&self.0, &ids).await?.into_iter().map(|(id, tries)| (TriesOf(id), Arc::new(tries))).collect())
    }
}
