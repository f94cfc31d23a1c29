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

use crate::graphql::immediate_loader::grouped;

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
        let found = rows::works(&self.0, keys).await?;
        Ok(found.into_iter().map(|work| (work.head.id, Arc::new(work))).collect())
    }
}

impl Loader<FulfilmentWaveId> for Rows {
    type Value = Arc<Vec<FulfilmentWorkId>>;
    type Error = Fault;
    /// The works of a wave, in its order.
    async fn load(&self, keys: &[FulfilmentWaveId]) -> Result<HashMap<FulfilmentWaveId, Arc<Vec<FulfilmentWorkId>>>, Fault> {
        Ok(grouped(keys, rows::works_of_waves(&self.0, keys).await?))
    }
}

impl Loader<OpenWaveKey> for Rows {
    type Value = Wave;
    type Error = Fault;
    async fn load(&self, keys: &[OpenWaveKey]) -> Result<HashMap<OpenWaveKey, Wave>, Fault> {
        let ids: Vec<FulfilmentWorkId> = keys.iter().map(|key| key.0).collect();
        let all = rows::waves_of_works(&self.0, &ids).await?;
        Ok(all.into_iter().map(|(work, wave)| (OpenWaveKey(work), wave)).collect())
    }
}

impl Loader<OrderWorksKey> for Rows {
    type Value = Arc<Vec<WorkHead>>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderWorksKey]) -> Result<HashMap<OrderWorksKey, Arc<Vec<WorkHead>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::heads_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|head| (OrderWorksKey(head.order), head))))
    }
}

impl Loader<OrderGoodsKey> for Rows {
    type Value = Arc<Vec<GoodsName>>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderGoodsKey]) -> Result<HashMap<OrderGoodsKey, Arc<Vec<GoodsName>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::goods_names(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|one| (OrderGoodsKey(one.order), one))))
    }
}

impl Loader<OrderFactsKey> for Rows {
    type Value = OrderFacts;
    type Error = Fault;
    async fn load(&self, keys: &[OrderFactsKey]) -> Result<HashMap<OrderFactsKey, OrderFacts>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::order_facts(&self.0, &ids).await?;
        Ok(all.into_iter().map(|facts| (OrderFactsKey(facts.order), facts)).collect())
    }
}

impl Loader<CarrierId> for Rows {
    type Value = Arc<ShippingCarrier>;
    type Error = Fault;
    async fn load(&self, keys: &[CarrierId]) -> Result<HashMap<CarrierId, Arc<ShippingCarrier>>, Fault> {
        let found = rows::carriers_by_id(&self.0, keys).await?;
        Ok(found.into_iter().map(|carrier| (carrier.id, Arc::new(carrier))).collect())
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
        let all = rows::parcels_of(&self.0, &ids).await?;
        let of =
            |(work, parcel): (FulfilmentWorkId, Parcel)| Some((FulfilmentParcelsKey(parcel.sent?.fulfilment), (work, parcel)));
        Ok(grouped(keys, all.into_iter().filter_map(of)))
    }
}
