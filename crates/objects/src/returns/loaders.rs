//! Loaders of returns, which read in batches for the resolvers of a request. They live as long as
//! their request and cache nothing.

use std::{collections::HashMap, sync::Arc};

use async_graphql::dataloader::Loader;
use entity::prelude::*;
use inventory::returns::{
    core::{Return, ReturnLine},
    rows,
};
use platform::storage::Fault;

use crate::graphql::immediate_loader::group_by_key;

crate::tenant_rows!(
    /// Reads the rows of one tenant.
    Rows
);

/// Returns with goods of an order, without their lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderReturnsKey(pub OrderId);
/// Lines of a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReturnLinesKey(pub ReturnId);

impl Loader<OrderReturnsKey> for Rows {
    type Value = Arc<Vec<Arc<Return>>>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderReturnsKey]) -> Result<HashMap<OrderReturnsKey, Arc<Vec<Arc<Return>>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let returns = rows::load_returns_of_orders(&self.0, &ids).await?;
        Ok(group_by_key(keys, returns.into_iter().map(|(order, sales_return)| (OrderReturnsKey(order), Arc::new(sales_return)))))
    }
}

impl Loader<ReturnId> for Rows {
    type Value = Arc<Return>;
    type Error = Fault;
    /// Without their lines.
    async fn load(&self, keys: &[ReturnId]) -> Result<HashMap<ReturnId, Arc<Return>>, Fault> {
        Ok(rows::load_returns(&self.0, keys)
            .await?
            .into_iter()
            .map(|sales_return| (sales_return.id, Arc::new(sales_return)))
            .collect())
    }
}

impl Loader<ReturnLinesKey> for Rows {
    type Value = Arc<Vec<ReturnLine>>;
    type Error = Fault;
    async fn load(&self, keys: &[ReturnLinesKey]) -> Result<HashMap<ReturnLinesKey, Arc<Vec<ReturnLine>>>, Fault> {
        let ids: Vec<ReturnId> = keys.iter().map(|key| key.0).collect();
        let lines_by_return = rows::load_return_lines(&self.0, &ids).await?;
        Ok(lines_by_return.into_iter().map(|(id, lines)| (ReturnLinesKey(id), Arc::new(lines))).collect())
    }
}
