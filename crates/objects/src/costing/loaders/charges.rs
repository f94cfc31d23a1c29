//! The charges that were added to purchase orders.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, dataloader::Loader};
use entity::prelude::*;
use inventory::costing::{core::Revaluation, rows};
use platform::storage::Fault;

use super::{Costs, load};
use crate::{
    costing::revaluation::StockRevaluation,
    graphql::{fault::Answer, immediate_loader::grouped},
};

/// The charges that were added to a purchase order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderChargesKey(PurchaseOrderId);

impl Loader<OrderChargesKey> for Costs {
    type Value = Arc<Vec<StockRevaluation>>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderChargesKey]) -> Result<HashMap<OrderChargesKey, Arc<Vec<StockRevaluation>>>, Fault> {
        let how = rows::method(&self.0).await?;
        let ids: Vec<PurchaseOrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::charges_of_orders(&self.0, &ids).await?;
        let one = |row: Revaluation| {
            let order = row.charge.as_ref()?.order;
            Some((OrderChargesKey(order), StockRevaluation { row: Arc::new(row), how, foreseen: None }))
        };
        Ok(grouped(keys, all.into_iter().filter_map(one)))
    }
}

/// The charges that were added to a purchase order after its goods had been received, the oldest
/// first.
pub async fn charges_of_order(ctx: &Context<'_>, order: PurchaseOrderId) -> Answer<Vec<StockRevaluation>> {
    Ok(load(ctx, OrderChargesKey(order)).await?.map(|all| all.to_vec()).unwrap_or_default())
}
