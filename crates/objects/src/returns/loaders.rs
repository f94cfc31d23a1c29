//! What a request's resolvers ask for together is read together. Loaders live as long as their request and keep nothing.

use std::{collections::HashMap, sync::Arc};

use async_graphql::dataloader::Loader;
use entity::prelude::*;
use inventory::returns::{
    core::{Return, ReturnLine},
    rows,
};
use platform::storage::Fault;

use crate::graphql::immediate_loader::grouped;

crate::tenant_rows!(
    /// Reads the rows of one tenant.
    Rows
);

/// Returns that bring something of an order back, without their lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReturnsOf(pub OrderId);
/// Lines of a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinesOf(pub ReturnId);

impl Loader<ReturnsOf> for Rows {
    type Value = Arc<Vec<Arc<Return>>>;
    type Error = Fault;
    async fn load(&self, keys: &[ReturnsOf]) -> Result<HashMap<ReturnsOf, Arc<Vec<Arc<Return>>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::returns_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|(order, ret)| (ReturnsOf(order), Arc::new(ret)))))
    }
}

impl Loader<ReturnId> for Rows {
    type Value = Arc<Return>;
    type Error = Fault;
    /// Without their lines.
    async fn load(&self, keys: &[ReturnId]) -> Result<HashMap<ReturnId, Arc<Return>>, Fault> {
        Ok(rows::returns(&self.0, keys).await?.into_iter().map(|ret| (ret.id, Arc::new(ret))).collect())
    }
}

impl Loader<LinesOf> for Rows {
    type Value = Arc<Vec<ReturnLine>>;
    type Error = Fault;
    async fn load(&self, keys: &[LinesOf]) -> Result<HashMap<LinesOf, Arc<Vec<ReturnLine>>>, Fault> {
        let ids: Vec<ReturnId> = keys.iter().map(|key| key.0).collect();
        let all = rows::return_lines(&self.0, &ids).await?;
        Ok(all.into_iter().map(|(id, lines)| (LinesOf(id), Arc::new(lines))).collect())
    }
}
