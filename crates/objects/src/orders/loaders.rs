//! Loaders of orders, which read in batches for the resolvers of a request. They live as long as
//! their request and cache nothing, so that a second mutation of one request sees the writes of the
//! first.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, dataloader::Loader};
use entity::prelude::*;
use inventory::{
    currency::core::{FrozenRate, RateRequest},
    ledger::Ledger,
    orders::{
        core::{Fulfilment, Order, OrderDetail, ShippedLot, hold::Hold},
        rows::{self, CompletedStep, Flag, LineReservation},
    },
};
use platform::storage::Fault;

use crate::{
    currency::frozen_rates,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        immediate_loader::group_by_key,
    },
};

crate::tenant_rows!(
    /// Reads the rows of one tenant.
    Rows
);

/// Fulfilments of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderFulfilmentsKey(pub OrderId);
/// Lots that left with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShippedLotsKey(pub OrderId);
/// Key of the stock that an order's lines hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HeldStockKey(pub OrderId);
/// Flags of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderFlagsKey(pub OrderId);
/// Active holds of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderHoldsKey(pub OrderId);

impl Loader<OrderHoldsKey> for Rows {
    type Value = Arc<Vec<Hold>>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderHoldsKey]) -> Result<HashMap<OrderHoldsKey, Arc<Vec<Hold>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let holds = rows::holds_of(&self.0, &ids).await?;
        Ok(group_by_key(keys, holds.into_iter().map(|hold| (OrderHoldsKey(hold.order), hold))))
    }
}

/// Key of the details of an order beside its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderDetailKey(pub OrderId);
/// Key of the steps of an order after it was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderStepsKey(pub OrderId);
impl Loader<OrderId> for Rows {
    type Value = Arc<Order>;
    type Error = Fault;
    /// With their lines: two statements.
    async fn load(&self, keys: &[OrderId]) -> Result<HashMap<OrderId, Arc<Order>>, Fault> {
        let orders = rows::orders(&self.0, keys).await?;
        Ok(orders.into_iter().map(|order| (order.id, Arc::new(order))).collect())
    }
}

impl Loader<OrderFulfilmentsKey> for Rows {
    type Value = Arc<Vec<Fulfilment>>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderFulfilmentsKey]) -> Result<HashMap<OrderFulfilmentsKey, Arc<Vec<Fulfilment>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let fulfilments = rows::fulfilments_of(&self.0, &ids).await?;
        Ok(group_by_key(keys, fulfilments.into_iter().map(|fulfilment| (OrderFulfilmentsKey(fulfilment.order), fulfilment))))
    }
}

impl Loader<ShippedLotsKey> for Rows {
    type Value = Arc<Vec<ShippedLot>>;
    type Error = Fault;
    async fn load(&self, keys: &[ShippedLotsKey]) -> Result<HashMap<ShippedLotsKey, Arc<Vec<ShippedLot>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let shipped_lots = rows::shipped_lots_of(&self.0, &ids, None).await?;
        Ok(group_by_key(keys, shipped_lots.into_iter().map(|shipped_lot| (ShippedLotsKey(shipped_lot.order()), shipped_lot))))
    }
}

impl Loader<HeldStockKey> for Rows {
    type Value = Arc<Vec<LineReservation>>;
    type Error = Fault;
    async fn load(&self, keys: &[HeldStockKey]) -> Result<HashMap<HeldStockKey, Arc<Vec<LineReservation>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let reservations = rows::line_reservations_of(&self.0, &ids).await?;
        Ok(group_by_key(keys, reservations.into_iter().map(|reservation| (HeldStockKey(reservation.order), reservation))))
    }
}

impl Loader<OrderFlagsKey> for Rows {
    type Value = Arc<Vec<Flag>>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderFlagsKey]) -> Result<HashMap<OrderFlagsKey, Arc<Vec<Flag>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let flags = rows::flags_of(&self.0, &ids).await?;
        Ok(group_by_key(keys, flags.into_iter().map(|flag| (OrderFlagsKey(flag.order), flag))))
    }
}

impl Loader<OrderDetailKey> for Rows {
    type Value = Arc<OrderDetail>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderDetailKey]) -> Result<HashMap<OrderDetailKey, Arc<OrderDetail>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let order_details = rows::details(&self.0, &ids).await?;
        Ok(order_details.into_iter().map(|detail| (OrderDetailKey(detail.order), Arc::new(detail))).collect())
    }
}

impl Loader<OrderStepsKey> for Rows {
    type Value = Arc<Vec<CompletedStep>>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderStepsKey]) -> Result<HashMap<OrderStepsKey, Arc<Vec<CompletedStep>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let steps = rows::steps_of(&self.0, &ids).await?;
        Ok(group_by_key(keys, steps.into_iter().map(|step| (OrderStepsKey(step.order), step))))
    }
}

/// Key of the time at which an order was confirmed, if it was after it was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConfirmationTimeKey(pub OrderId);

impl Loader<ConfirmationTimeKey> for Rows {
    type Value = Timestamp;
    type Error = Fault;
    async fn load(&self, keys: &[ConfirmationTimeKey]) -> Result<HashMap<ConfirmationTimeKey, Timestamp>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        Ok(rows::confirmed_at(&self.0, &ids).await?.into_iter().map(|(order, at)| (ConfirmationTimeKey(order), at)).collect())
    }
}

impl Loader<RateRequest> for Rows {
    type Value = Arc<FrozenRate>;
    type Error = Fault;
    async fn load(&self, keys: &[RateRequest]) -> Result<HashMap<RateRequest, Arc<FrozenRate>>, Fault> {
        frozen_rates(&self.0, keys).await
    }
}

/// The whole order of an id that a row refers to.
pub async fn order_of(ctx: &Context<'_>, id: OrderId) -> Answer<Arc<Order>> {
    let order = load(ctx, id).await?;
    order.ok_or_else(|| TopError::from(Fault::corrupt("sales_order", "what is referred to exists")))
}

/// The ledger of the node.
pub fn ledger<'c>(ctx: &'c Context<'_>) -> Answer<&'c Ledger> {
    ctx.required_data::<Ledger>()
}
