//! Reservations, as GraphQL.

use async_graphql::{Context, ID, Object, dataloader::DataLoader};

use super::{ReservationStatus, StockLevel, loaders::StockLoader};
use crate::{
    catalog::graph::Channel,
    graphql::{
        context::Asks,
        fault::{Answer, TopError},
        scalars::{DateTime, Long, Quantity},
    },
    schema::Node,
    stock::core::Reservation as Held,
    storage::Fault,
};

/// Stock that is held for somebody.
#[derive(Debug, Clone)]
pub struct Reservation(pub Held);

/// Stock that is held for somebody, on one level, until it is taken, let go or has run out.
#[Object(directive = crate::graphql::directives::requires::apply("stock.read".into()))]
impl Reservation {
    /// Its id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// The level that it is held on.
    async fn level(&self, ctx: &Context<'_>) -> Answer<StockLevel> {
        let level = Box::pin(ctx.late::<DataLoader<StockLoader>>()?.load_one(self.0.key)).await?;
        level.map(StockLevel).ok_or_else(|| TopError::from(Fault::corrupt("reservation", "its level exists")))
    }
    /// How much is held; how much was, when it has ended.
    async fn quantity(&self) -> Quantity {
        let held = if self.0.remaining.is_positive() { self.0.remaining } else { self.0.quantity };
        held.into()
    }
    /// Where it is in its life.
    async fn status(&self) -> ReservationStatus {
        self.0.status.into()
    }
    /// When it ends by itself; null when it is held for good.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime)
    }
    /// The channel it was made through.
    async fn channel(&self, ctx: &Context<'_>) -> Option<Answer<Channel>> {
        Some(super::links::channel(ctx, self.0.channel?).await)
    }
    /// What it is held for.
    async fn reference(&self, ctx: &Context<'_>) -> Option<Answer<Node>> {
        Box::pin(crate::schema::reference(ctx, self.0.reference?)).await.transpose()
    }
    /// Goes up with each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// When it last changed.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}
