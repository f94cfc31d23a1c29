//! Loaders of works, which read in batches for the resolvers of a request. They cache nothing, so
//! that a second mutation of one request sees the writes of the first.

use std::{collections::HashMap, sync::Arc};

use async_graphql::dataloader::Loader;
use entity::prelude::*;
use inventory::fulfilment::{
    core::{Parcel, ShippingCarrier, Wave, Work, WorkHead},
    rows::{self, GoodsName, OrderFacts},
};
use platform::storage::Fault;

use crate::graphql::immediate_loader::group_by_key;

crate::tenant_rows!(
    /// Reads the works of one tenant.
    Rows
);

/// Names of an order's goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderGoodsKey(pub OrderId);
/// The number of an order, whether it is held back, and how it is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderFactsKey(pub OrderId);
/// Works of an order without their lines, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderWorksKey(pub OrderId);
/// The open wave that a work is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpenWaveKey(pub FulfilmentWorkId);
/// Parcels that left with a fulfilment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FulfilmentParcelsKey(pub FulfilmentId);

impl Loader<FulfilmentWorkId> for Rows {
    type Value = Arc<Work>;
    type Error = Fault;
    /// With their lines and parcels: four statements.
    async fn load(&self, keys: &[FulfilmentWorkId]) -> Result<HashMap<FulfilmentWorkId, Arc<Work>>, Fault> {
        let loaded_works = rows::load_works(&self.0, keys).await?;
        Ok(loaded_works.into_iter().map(|work| (work.head.id, Arc::new(work))).collect())
    }
}

impl Loader<FulfilmentWaveId> for Rows {
    type Value = Arc<Vec<FulfilmentWorkId>>;
    type Error = Fault;
    /// The works of a wave, in its order.
    async fn load(&self, keys: &[FulfilmentWaveId]) -> Result<HashMap<FulfilmentWaveId, Arc<Vec<FulfilmentWorkId>>>, Fault> {
        Ok(group_by_key(keys, rows::works_of_waves(&self.0, keys).await?))
    }
}

impl Loader<OpenWaveKey> for Rows {
    type Value = Wave;
    type Error = Fault;
    async fn load(&self, keys: &[OpenWaveKey]) -> Result<HashMap<OpenWaveKey, Wave>, Fault> {
        let ids: Vec<FulfilmentWorkId> = keys.iter().map(|key| key.0).collect();
        let waves = rows::waves_of_works(&self.0, &ids).await?;
        Ok(waves.into_iter().map(|(work, wave)| (OpenWaveKey(work), wave)).collect())
    }
}

impl Loader<OrderWorksKey> for Rows {
    type Value = Arc<Vec<WorkHead>>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderWorksKey]) -> Result<HashMap<OrderWorksKey, Arc<Vec<WorkHead>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let heads = rows::load_heads_of_orders(&self.0, &ids).await?;
        Ok(group_by_key(keys, heads.into_iter().map(|head| (OrderWorksKey(head.order), head))))
    }
}

impl Loader<OrderGoodsKey> for Rows {
    type Value = Arc<Vec<GoodsName>>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderGoodsKey]) -> Result<HashMap<OrderGoodsKey, Arc<Vec<GoodsName>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let names = rows::goods_names(&self.0, &ids).await?;
        Ok(group_by_key(keys, names.into_iter().map(|goods_name| (OrderGoodsKey(goods_name.order), goods_name))))
    }
}

impl Loader<OrderFactsKey> for Rows {
    type Value = OrderFacts;
    type Error = Fault;
    async fn load(&self, keys: &[OrderFactsKey]) -> Result<HashMap<OrderFactsKey, OrderFacts>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let facts_of_orders = rows::order_facts(&self.0, &ids).await?;
        Ok(facts_of_orders.into_iter().map(|facts| (OrderFactsKey(facts.order), facts)).collect())
    }
}

impl Loader<CarrierId> for Rows {
    type Value = Arc<ShippingCarrier>;
    type Error = Fault;
    async fn load(&self, keys: &[CarrierId]) -> Result<HashMap<CarrierId, Arc<ShippingCarrier>>, Fault> {
        let carriers = rows::load_carriers_by_id(&self.0, keys).await?;
        Ok(carriers.into_iter().map(|carrier| (carrier.id, Arc::new(carrier))).collect())
    }
}

impl Loader<FulfilmentParcelsKey> for Rows {
    type Value = Arc<Vec<(FulfilmentWorkId, Parcel)>>;
    type Error = Fault;
    async fn load(
        &self,
        keys: &[FulfilmentParcelsKey],
    ) -> Result<HashMap<FulfilmentParcelsKey, Arc<Vec<(FulfilmentWorkId, Parcel)>>>, Fault> {
        let ids: Vec<FulfilmentId> = keys.iter().map(|key| key.0).collect();
        let parcels = rows::load_parcels(&self.0, &ids).await?;
        let to_entry =
            |(work, parcel): (FulfilmentWorkId, Parcel)| Some((FulfilmentParcelsKey(parcel.sent?.fulfilment), (work, parcel)));
        Ok(group_by_key(keys, parcels.into_iter().filter_map(to_entry)))
    }
}
