//! Reservations, as GraphQL.

use std::sync::Arc;

use async_graphql::{Context, ID, dataloader::DataLoader};
use inventory::stock::{core::Reservation as Held, rows::list::LevelRow};
use macros::resolvers;
use platform::storage::Fault;

use super::{ReservationStatus, StockLevel, loaders::StockLoader};
use crate::{
    catalog::Channel,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{DateTime, Long, Quantity},
    },
    nodes::Node,
};

/// A reservation, with its level if a change has just produced it.
#[derive(Debug, Clone)]
pub struct Reservation(pub Option<Arc<LevelRow>>, pub Held);

/// Quantity of one stock level held for an order or a cart until it is fulfilled, released or
/// expired.
#[resolvers(requires = StockRead)]
impl Reservation {
    /// ID of the reservation.
    pub async fn id(&self) -> ID {
        self.1.id.to_string().into()
    }
    /// Stock level on which the quantity is held.
    async fn level(&self, ctx: &Context<'_>) -> Answer<StockLevel> {
        if let Some(level) = &self.0 {
            return Ok(LevelRow::clone(level).into());
        }
        let level = Box::pin(ctx.lazy::<DataLoader<StockLoader>>()?.load_one(self.1.key)).await?;
        level.map(StockLevel::from).ok_or_else(|| TopError::from(Fault::corrupt("reservation", "its level exists")))
    }
    /// Quantity held, in the product's smallest unit; the original quantity once the reservation has ended.
    async fn quantity(&self) -> Quantity {
        let units = if self.1.remaining.is_positive() { self.1.remaining } else { self.1.quantity };
        units.into()
    }
    /// Status of the reservation.
    async fn status(&self) -> ReservationStatus {
        self.1.status.into()
    }
    /// Time at which the reservation expires; null when it does not expire.
    async fn expires_at(&self) -> Option<DateTime> {
        self.1.expires_at.map(DateTime)
    }
    /// Channel through which the reservation was made. Null when it was made through none.
    async fn channel(&self, ctx: &Context<'_>) -> Option<Answer<Channel>> {
        Some(super::links::channel(ctx, self.1.channel?).await)
    }
    /// Object that the stock is held for; null when none was given.
    async fn reference(&self, ctx: &Context<'_>) -> Option<Answer<Node>> {
        Box::pin(crate::nodes::reference(ctx, self.1.reference?)).await.transpose()
    }
    /// Version of the reservation, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.1.version)
    }
    /// Time of the reservation's last change.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.1.updated_at)
    }
}
