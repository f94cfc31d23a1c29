//! What a request's resolvers ask for together is read together; nothing is kept, so that a second mutation of one request sees what the
//! first one wrote.

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
pub struct GoodsOf(pub OrderId);
/// The number of an order, whether it is held back, and how it is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FactsOf(pub OrderId);
/// Works of an order without their lines, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WorksOf(pub OrderId);
/// The open wave that a work is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WaveOf(pub FulfilmentWorkId);
/// Parcels that left with a fulfilment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ParcelsOf(pub FulfilmentId);

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

impl Loader<WaveOf> for Rows {
    type Value = Wave;
    type Error = Fault;
    async fn load(&self, keys: &[WaveOf]) -> Result<HashMap<WaveOf, Wave>, Fault> {
        let ids: Vec<FulfilmentWorkId> = keys.iter().map(|key| key.0).collect();
        let all = rows::waves_of_works(&self.0, &ids).await?;
        Ok(all.into_iter().map(|(work, wave)| (WaveOf(work), wave)).collect())
    }
}

impl Loader<WorksOf> for Rows {
    type Value = Arc<Vec<WorkHead>>;
    type Error = Fault;
    async fn load(&self, keys: &[WorksOf]) -> Result<HashMap<WorksOf, Arc<Vec<WorkHead>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::heads_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|head| (WorksOf(head.order), head))))
    }
}

impl Loader<GoodsOf> for Rows {
    type Value = Arc<Vec<GoodsName>>;
    type Error = Fault;
    async fn load(&self, keys: &[GoodsOf]) -> Result<HashMap<GoodsOf, Arc<Vec<GoodsName>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::goods_names(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|one| (GoodsOf(one.order), one))))
    }
}

impl Loader<FactsOf> for Rows {
    type Value = OrderFacts;
    type Error = Fault;
    async fn load(&self, keys: &[FactsOf]) -> Result<HashMap<FactsOf, OrderFacts>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::order_facts(&self.0, &ids).await?;
        Ok(all.into_iter().map(|facts| (FactsOf(facts.order), facts)).collect())
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

impl Loader<ParcelsOf> for Rows {
    type Value = Arc<Vec<(FulfilmentWorkId, Parcel)>>;
    type Error = Fault;
    async fn load(&self, keys: &[ParcelsOf]) -> Result<HashMap<ParcelsOf, Arc<Vec<(FulfilmentWorkId, Parcel)>>>, Fault> {
        let ids: Vec<FulfilmentId> = keys.iter().map(|key| key.0).collect();
        let all = rows::parcels_of(&self.0, &ids).await?;
        let of = |(work, parcel): (FulfilmentWorkId, Parcel)| Some((ParcelsOf(parcel.sent?.fulfilment), (work, parcel)));
        Ok(grouped(keys, all.into_iter().filter_map(of)))
    }
}
