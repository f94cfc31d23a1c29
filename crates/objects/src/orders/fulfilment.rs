//! Goods that left.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude::{self, FulfilmentId, OrderLineId};
use inventory::orders::core;
use macros::resolvers;

use super::{
    enums::FulfilmentStatus,
    line::{OrderLine, line_of},
    links::{self, Store},
    loaders::{ShippedLotsKey, load},
};
use crate::{
    fulfilment::{FulfilmentWork, Parcel, load_work, parcels_of_fulfilment},
    graphql::{
        fault::Answer,
        scalars::{DateTime, Quantity},
    },
    reversals::{DocumentReversal, has_more_reversals, reversals_of},
    stock::{Lot, lot_of_document, visible_lot},
};

/// One of an order's fulfilments.
#[derive(Clone)]
pub struct Fulfilment {
    all: Arc<Vec<core::Fulfilment>>,
    index: usize,
}

impl Fulfilment {
    /// The fulfilment at a place that `all` has.
    pub fn new(all: Arc<Vec<core::Fulfilment>>, index: usize) -> Self {
        Self { all, index }
    }
    /// The order that it belongs to.
    pub fn order_id(&self) -> entity::prelude::OrderId {
        self.row().order
    }
    fn row(&self) -> &core::Fulfilment {
        &self.all[self.index]
    }
}

/// Goods of an order that leave a store together.
#[resolvers(shared)]
impl Fulfilment {
    /// ID of the fulfilment.
    pub async fn id(&self) -> ID {
        ID(self.row().id.to_string())
    }
    /// Store from which the goods are shipped.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row().store).await
    }
    /// Status of the fulfilment.
    async fn status(&self) -> FulfilmentStatus {
        self.row().status.into()
    }
    /// Lines of the fulfilment: the shipped quantity of each order line.
    async fn lines(&self) -> Vec<FulfilmentLine> {
        let row = self.row();
        let line = |line: &core::FulfilmentLine| FulfilmentLine {
            fulfilment: row.id,
            order_line: row.order.line(line.position),
            quantity: line.quantity,
        };
        row.lines.iter().map(line).collect()
    }
    /// Time at which the goods were shipped. Null before.
    async fn shipped_at(&self) -> Option<DateTime> {
        self.row().shipped_at.map(DateTime)
    }
    /// Moment of the delivery; null when none was reported.
    async fn delivered_at(&self) -> Option<DateTime> {
        self.row().delivered_at.map(DateTime)
    }
    /// Reason for which the goods could not be delivered. Null when they could, or nothing was reported.
    async fn failed_reason(&self) -> Option<&str> {
        self.row().failed_reason.as_deref()
    }
    /// Work of the store that shipped the goods. Null when they left without one, or you may not see works of the store.
    #[field(mask = FulfilmentRead)]
    async fn work(&self, ctx: &Context<'_>) -> Option<Answer<FulfilmentWork>> {
        Box::pin(load_work(ctx, self.row().work?)).await.transpose()
    }
    /// Reversals of the fulfilment, the newest first, at most 50; empty while nothing of it was undone. Null without stock.movement.read.
    #[field(mask = StockMovementRead)]
    async fn reversed_by(&self, ctx: &Context<'_>) -> Option<Answer<Vec<DocumentReversal>>> {
        Some(Box::pin(reversals_of(ctx, self.row().id.uuid())).await)
    }
    /// True if there are more reversals of the fulfilment than `reversedBy` has; `documentReversals` has pages of them. Null without stock.movement.read.
    #[field(mask = StockMovementRead)]
    async fn has_more_reversals(&self, ctx: &Context<'_>) -> Option<Answer<bool>> {
        Some(Box::pin(has_more_reversals(ctx, self.row().id.uuid())).await)
    }
    /// Parcels of the fulfilment, with their tracking. orderFulfil makes one for each work that it ships, without tracking. Empty for a sale
    /// over the counter.
    async fn parcels(&self, ctx: &Context<'_>) -> Answer<Vec<Parcel>> {
        parcels_of_fulfilment(ctx, self.row().id).await
    }
}

/// Quantity of an order line in a fulfilment.
pub struct FulfilmentLine {
    fulfilment: FulfilmentId,
    order_line: OrderLineId,
    quantity: prelude::Quantity,
}

/// Quantity of an order line in a fulfilment.
#[resolvers(shared)]
impl FulfilmentLine {
    /// The order's line.
    async fn order_line(&self, ctx: &Context<'_>) -> Answer<OrderLine> {
        line_of(ctx, self.order_line).await
    }
    /// Quantity of the order line in the fulfilment, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(self.quantity)
    }
    /// Lots and serial numbers that left with the line, of a kit those of its components. Empty where nothing of it is tracked, and before the
    /// shipment. A fulfilment that was undone keeps those that had left with it.
    #[field(list_size(assumed = 5))]
    async fn lots(&self, ctx: &Context<'_>) -> Answer<Vec<FulfilmentLineLot>> {
        let shipped_lots = load(ctx, ShippedLotsKey(self.order_line.split_line().0)).await?.unwrap_or_default();
        let line_lots = shipped_lots.iter().filter(|lot| lot.fulfilment == Some(self.fulfilment) && lot.line == self.order_line);
        Ok(line_lots.cloned().map(FulfilmentLineLot).collect())
    }
}

/// Quantity of a lot that left with a line.
pub struct FulfilmentLineLot(core::ShippedLot);

/// Lot or serial number that left with a line of a fulfilment, with its quantity.
#[resolvers]
impl FulfilmentLineLot {
    /// SKU of the product when the order was placed: the line's own, or that of a kit's component.
    async fn sku(&self) -> &str {
        &self.0.sku
    }
    /// Code printed on the lot.
    async fn code(&self, ctx: &Context<'_>) -> Answer<String> {
        Ok(lot_of_document(ctx, self.0.lot).await?.code.clone())
    }
    /// The lot; null where it never was in a store whose stock you may see.
    #[field(permit = StockRead)]
    async fn lot(&self, ctx: &Context<'_>) -> Option<Answer<Lot>> {
        Box::pin(visible_lot(ctx, self.0.lot)).await.transpose()
    }
    /// Quantity of the lot that left with the line, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(prelude::Quantity::new(self.0.units).unwrap_or_default())
    }
}
