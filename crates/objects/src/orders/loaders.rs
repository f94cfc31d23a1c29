//! What a request's resolvers ask for together is read together. Loaders live as long as their request and keep nothing, so that a
//! second mutation of one request sees what the first one wrote.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, dataloader::Loader};
use entity::prelude::*;
use inventory::{
    currency::core::{FrozenRate, RateAsk},
    orders::{
        core::{Fulfilment, LeftLot, Order, OrderDetail, holds::Hold},
        rows::{self, Flag, Held, StepTaken},
    },
};
use platform::storage::Fault;

use crate::{
    currency::frozen_rates,
    graphql::{
        fault::{Answer, TopError},
        immediate_loader::grouped,
    },
};

crate::tenant_rows!(
    /// Reads the rows of one tenant.
    Rows
);

/// Fulfilments of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FulfilmentsOf(pub OrderId);
/// Lots that left with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeftLotsOf(pub OrderId);
/// What an order's lines hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HeldFor(pub OrderId);
/// Flags of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlagsOf(pub OrderId);
/// Holds that stand on an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HoldsOf(pub OrderId);

impl Loader<HoldsOf> for Rows {
    type Value = Arc<Vec<Hold>>;
    type Error = Fault;
    async fn load(&self, keys: &[HoldsOf]) -> Result<HashMap<HoldsOf, Arc<Vec<Hold>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::holds_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|one| (HoldsOf(one.order), one))))
    }
}

/// What an order says beside its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DetailOf(pub OrderId);
/// What was done to an order after it was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StepsOf(pub OrderId);
impl Loader<OrderId> for Rows {
    type Value = Arc<Order>;
    type Error = Fault;
    /// With their lines: two statements.
    async fn load(&self, keys: &[OrderId]) -> Result<HashMap<OrderId, Arc<Order>>, Fault> {
        let orders = rows::orders(&self.0, keys).await?;
        Ok(orders.into_iter().map(|order| (order.id, Arc::new(order))).collect())
    }
}

impl Loader<FulfilmentsOf> for Rows {
    type Value = Arc<Vec<Fulfilment>>;
    type Error = Fault;
    async fn load(&self, keys: &[FulfilmentsOf]) -> Result<HashMap<FulfilmentsOf, Arc<Vec<Fulfilment>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::fulfilments_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|one| (FulfilmentsOf(one.order), one))))
    }
}

impl Loader<LeftLotsOf> for Rows {
    type Value = Arc<Vec<LeftLot>>;
    type Error = Fault;
    async fn load(&self, keys: &[LeftLotsOf]) -> Result<HashMap<LeftLotsOf, Arc<Vec<LeftLot>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::left_lots(&self.0, &ids, None).await?;
        Ok(grouped(keys, all.into_iter().map(|one| (LeftLotsOf(one.order()), one))))
    }
}

impl Loader<HeldFor> for Rows {
    type Value = Arc<Vec<Held>>;
    type Error = Fault;
    async fn load(&self, keys: &[HeldFor]) -> Result<HashMap<HeldFor, Arc<Vec<Held>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::held_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|one| (HeldFor(one.order), one))))
    }
}

impl Loader<FlagsOf> for Rows {
    type Value = Arc<Vec<Flag>>;
    type Error = Fault;
    async fn load(&self, keys: &[FlagsOf]) -> Result<HashMap<FlagsOf, Arc<Vec<Flag>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::flags_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|one| (FlagsOf(one.order), one))))
    }
}

impl Loader<DetailOf> for Rows {
    type Value = Arc<OrderDetail>;
    type Error = Fault;
    async fn load(&self, keys: &[DetailOf]) -> Result<HashMap<DetailOf, Arc<OrderDetail>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::details(&self.0, &ids).await?;
        Ok(all.into_iter().map(|detail| (DetailOf(detail.order), Arc::new(detail))).collect())
    }
}

impl Loader<StepsOf> for Rows {
    type Value = Arc<Vec<StepTaken>>;
    type Error = Fault;
    async fn load(&self, keys: &[StepsOf]) -> Result<HashMap<StepsOf, Arc<Vec<StepTaken>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::steps_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|one| (StepsOf(one.order), one))))
    }
}

/// When an order was confirmed after it had been placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConfirmedAt(pub OrderId);

impl Loader<ConfirmedAt> for Rows {
    type Value = Timestamp;
    type Error = Fault;
    async fn load(&self, keys: &[ConfirmedAt]) -> Result<HashMap<ConfirmedAt, Timestamp>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        Ok(rows::confirmed_at(&self.0, &ids).await?.into_iter().map(|(order, at)| (ConfirmedAt(order), at)).collect())
    }
}

impl Loader<RateAsk> for Rows {
    type Value = Arc<FrozenRate>;
    type Error = Fault;
    async fn load(&self, keys: &[RateAsk]) -> Result<HashMap<RateAsk, Arc<FrozenRate>>, Fault> {
        frozen_rates(&self.0, keys).await
    }
}

/// The whole order of an id that a row refers to.
pub async fn order_of(ctx: &Context<'_>, id: OrderId) -> Answer<Arc<Order>> {
    let found = load(ctx, id).await?;
    found.ok_or_else(|| TopError::from(Fault::corrupt("sales_order", "what is referred to exists")))
}
