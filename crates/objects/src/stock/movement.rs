//! Movements and their entries, as GraphQL.

use std::sync::Arc;

use async_graphql::{Context, ID, dataloader::DataLoader};
use iam::access::kind;
use inventory::stock::core::{Entry, Movement};
use macros::resolvers;

use super::{
    Lot, MovementKind, ReasonCode, StockCondition, links,
    loaders::{MovementReversalKey, StockLoader},
    visibility::{visible_lot, visible_movement},
};
use crate::{
    catalog::{Money, Product, Store},
    connection,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{Date, DateTime, Long, Quantity},
    },
    identity::Actor,
    nodes::Node,
};

/// One business fact, whole: its entries are its lines. Never changed; a correction is another movement that reverses it.
#[derive(Debug, Clone)]
pub struct StockMovement(pub Arc<Movement>);

/// Business fact in the ledger with all its entries. It is never changed, only reversed.
#[resolvers(requires = StockMovementRead, shared)]
impl StockMovement {
    /// ID of the movement.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// Number of the movement's event in the tenant's stream.
    async fn seq(&self) -> Long {
        Long(self.0.seq)
    }
    /// Kind of the movement.
    async fn kind(&self) -> MovementKind {
        self.0.kind.into()
    }
    /// Entries of the movement, for the stores whose movements you may see.
    async fn entries(&self, ctx: &Context<'_>) -> Answer<Vec<StockEntry>> {
        let reach = ctx.permit::<kind::StockMovementRead>()?.reach();
        let visible_entries = self.0.entries.iter().filter(|entry| reach.covers(entry.key.store));
        Ok(visible_entries.map(|entry| StockEntry { movement: self.0.clone(), line: entry.line }).collect())
    }
    /// Reason for the movement; null when none was given.
    async fn reason_code(&self) -> Option<ReasonCode> {
        self.0.reason.map(Into::into)
    }
    /// Note on the movement. Null when there is none.
    async fn note(&self) -> Option<&String> {
        self.0.note.as_ref()
    }
    /// Reference of the movement in an external system. Null when there is none.
    async fn external_ref(&self) -> Option<&String> {
        self.0.external_ref.as_ref()
    }
    /// Document that the movement belongs to. Null when there is none, or none that you may see.
    async fn reference(&self, ctx: &Context<'_>) -> Option<Answer<Node>> {
        Box::pin(crate::nodes::reference(ctx, self.0.reference?)).await.transpose()
    }
    /// Member, integration or system process that posted the movement.
    async fn actor(&self, ctx: &Context<'_>) -> Answer<Actor> {
        Box::pin(crate::identity::actor(ctx, self.0.actor)).await
    }
    /// Movement that this one reverses. Null when it reverses none, or none that you may see.
    async fn reverses(&self, ctx: &Context<'_>) -> Option<Answer<Self>> {
        let id = self.0.reverses?;
        let load = async { visible_movement(ctx, ctx.lazy::<DataLoader<StockLoader>>()?.load_one(id).await?) };
        Box::pin(load).await.transpose()
    }
    /// Movement that reversed this one. Null while it is not reversed, and where you may not see the reversal.
    async fn reversed_by(&self, ctx: &Context<'_>) -> Option<Answer<Self>> {
        let load = async {
            visible_movement(ctx, ctx.lazy::<DataLoader<StockLoader>>()?.load_one(MovementReversalKey(self.0.id)).await?)
        };
        Box::pin(load).await.transpose()
    }
    /// Time at which the movement occurred.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.0.occurred_at)
    }
    /// Business date of the movement: the store's local day on which it occurred. Fixed when the movement is recorded.
    async fn business_date(&self) -> Date {
        Date(self.0.business_date)
    }
    /// Time at which the movement was recorded.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.0.recorded_at)
    }
}

/// A line of a movement: the change of each quantity of one level, and the quantities after it.
#[derive(Debug, Clone)]
pub struct StockEntry {
    pub movement: Arc<Movement>,
    /// Number of the entry in the movement, from 1.
    pub line: u16,
}

impl StockEntry {
    fn entry(&self) -> Answer<&Entry> {
        self.movement.entries.iter().find(|entry| entry.line == self.line).ok_or_else(|| {
            tracing::error!(movement = %self.movement.id, line = self.line, "a movement lacks one of its entries");
            TopError::Internal
        })
    }
    fn delta(&self, measure: impl Fn(&Entry) -> i64) -> Answer<Quantity> {
        Ok(Quantity(entity::prelude::Quantity::new(measure(self.entry()?)).unwrap_or_default()))
    }
}

/// Line of a movement: its change of one level, and the level's quantities after it.
#[resolvers(requires = StockMovementRead, shared)]
impl StockEntry {
    /// ID of the entry.
    pub async fn id(&self) -> ID {
        self.movement.entry_id(self.line).to_string().into()
    }
    /// Movement that the entry belongs to.
    async fn movement(&self) -> StockMovement {
        StockMovement(self.movement.clone())
    }
    /// The product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.entry()?.key.product).await
    }
    /// The store.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.entry()?.key.store).await
    }
    /// Lot that was moved. Null where the product is not tracked.
    // Null needs no permission if no lot moved.
    #[field(permit(StockRead, in_body))]
    async fn lot(&self, ctx: &Context<'_>) -> Option<Answer<Lot>> {
        let lot = async {
            match self.entry()?.lot {
                Some(id) => Box::pin(visible_lot(ctx, id)).await,
                None => Ok(None),
            }
        };
        lot.await.transpose()
    }
    /// Condition of the stock that the line made unavailable; null when there is none.
    async fn condition(&self) -> Answer<Option<StockCondition>> {
        Ok(self.entry()?.condition.map(Into::into))
    }
    /// Note on the entry. Null when there is none.
    async fn note(&self) -> Option<Answer<&String>> {
        self.entry().map(|entry| entry.note.as_ref()).transpose()
    }
    /// Change of the quantity on hand, in the product's smallest unit; below 0 for a decrease.
    async fn on_hand_delta(&self) -> Answer<Quantity> {
        self.delta(|entry| entry.on_hand_delta)
    }
    /// Change of the quantity reserved, in the product's smallest unit; below 0 for a decrease.
    async fn reserved_delta(&self) -> Answer<Quantity> {
        self.delta(|entry| entry.reserved_delta)
    }
    /// Change of the quantity unavailable, in the product's smallest unit; below 0 for a decrease.
    async fn unavailable_delta(&self) -> Answer<Quantity> {
        self.delta(|entry| entry.unavailable_delta)
    }
    /// Change of the quantity incoming, in the product's smallest unit; below 0 for a decrease.
    async fn incoming_delta(&self) -> Answer<Quantity> {
        self.delta(|entry| entry.incoming_delta)
    }
    /// Change of the quantity in transit, in the product's smallest unit; below 0 for a decrease.
    async fn in_transit_delta(&self) -> Answer<Quantity> {
        self.delta(|entry| entry.in_transit_delta)
    }
    /// Quantity on hand after the entry, in the product's smallest unit.
    async fn on_hand_after(&self) -> Answer<Quantity> {
        Ok(self.entry()?.on_hand_after.into())
    }
    /// Quantity reserved after the entry, in the product's smallest unit.
    async fn reserved_after(&self) -> Answer<Quantity> {
        Ok(self.entry()?.reserved_after.into())
    }
    /// Version of the level after the entry.
    async fn version_after(&self) -> Answer<Long> {
        Ok(Long(self.entry()?.version_after))
    }
    /// Cost of one whole unit. Null where no cost is known, and without the permission product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn unit_cost(&self, ctx: &Context<'_>) -> Option<Answer<Money>> {
        self.entry().map(|entry| entry.unit_cost.map(Money::from)).transpose()
    }
    /// Change of the value of the stock, by the tenant's costing method; negative for stock that
    /// left, 0 for a transfer between stores. Null until the books include the movement, in a dry
    /// run, and without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn book_value(&self, ctx: &Context<'_>) -> Option<Answer<Money>> {
        let cost = crate::costing::entry_cost(ctx, self.movement.seq, self.line).await;
        cost.map(|value| value.map(Money::from)).transpose()
    }
}

connection!(counted StockMovementConnection, StockMovementEdge, StockMovement, "stock movements");
connection!(counted StockEntryConnection, StockEntryEdge, StockEntry, "entries");
