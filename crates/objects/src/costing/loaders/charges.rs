//! The charges that were added to purchase orders.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, dataloader::Loader};
use entity::prelude::*;
use inventory::costing::{core::Revaluation, rows};
use platform::storage::Fault;

use super::{Costs, load};
use crate::{
    costing::revaluation::StockRevaluation,
    graphql::{fault::Answer, immediate_loader::group_by_key},
};

/// The charges that were added to a purchase order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderChargesKey(PurchaseOrderId);

impl Loader<OrderChargesKey> for Costs {
    type Value = Arc<Vec<StockRevaluation>>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderChargesKey]) -> Result<HashMap<OrderChargesKey, Arc<Vec<StockRevaluation>>>, Fault> {
        let basis = rows::load_costing_method(&self.0).await?;
        let ids: Vec<PurchaseOrderId> = keys.iter().map(|key| key.0).collect();
        let charges = rows::charges_of_orders(&self.0, &ids).await?;
        let to_entry = |row: Revaluation| {
            let order = row.charge.as_ref()?.order;
            Some((OrderChargesKey(order), StockRevaluation { row: Arc::new(row), how: basis, foreseen: None }))
        };
        Ok(group_by_key(keys, charges.into_iter().filter_map(to_entry)))
    }
}

/// The charges that were added to a purchase order after its goods had been received, the oldest
/// first.
pub async fn charges_of_order(ctx: &Context<'_>, order: PurchaseOrderId) -> Answer<Vec<StockRevaluation>> {
    Ok(load(ctx, OrderChargesKey(order)).await?.map(|charges| charges.to_vec()).unwrap_or_default())
}
