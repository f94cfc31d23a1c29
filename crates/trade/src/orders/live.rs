//! `orderChanged`: orders in their current state, then every change, without gaps and in order.

use std::{marker::PhantomData, time::Duration};

use async_graphql::Context;
use futures_util::{Stream, StreamExt};
use iam::access::{LiveRights, kind};
use inventory::orders::rows::Filter;
use macros::resolvers;
use platform::path;

use super::{OrderFilter, order_change::OrderChange, payload::ledger, topic::OrderTopic, visibility::orders_within};
use crate::{
    graphql::{
        canonical::filter_name,
        fault::{Answer, TopError},
        scalars::Cursor,
    },
    live::{
        feed::{self, StreamOptions, Update},
        rights::Rights,
        stream::{ResetReason, StreamPhase},
    },
    periods::without_periods,
};

/// An item of the stream of order changes.
pub struct OrderUpdate(Update<OrderChange>);

/// An item of the stream of order changes: a page of the snapshot, changes, or news of the stream itself.
#[resolvers(shared)]
impl OrderUpdate {
    /// Phase of the stream to which the item belongs.
    async fn phase(&self) -> StreamPhase {
        self.0.phase
    }
    /// Cursor of the item. Pass it as `after` to resume from here. Null in a RESET.
    async fn cursor(&self) -> Option<&Cursor> {
        self.0.cursor.as_ref()
    }
    /// Orders in their current state, or as the change left them.
    async fn changes(&self, ctx: &Context<'_>) -> Answer<&[OrderChange]> {
        crate::catalog::catalog_loaders(ctx)?.forget();
        Ok(&self.0.changes)
    }
    /// Reason for which the stream ends; null in every phase but RESET.
    async fn reset(&self) -> Option<ResetReason> {
        self.0.reset
    }
}

/// Generic, so that its streams and the types that they return are compiled in the crate of the
/// schema only (`docs/decisions/0386`).
#[derive(Default)]
pub struct OrderSubscription<Schema = ()>(PhantomData<fn() -> Schema>);

#[resolvers(subscription)]
impl<Schema> OrderSubscription<Schema> {
    /// Orders as they change. Without `after`: a snapshot in pages (SNAPSHOT, the last one READY),
    /// then every change as it commits (LIVE). With `after`: every change since, then live. No
    /// change is missing; an order may come twice.
    #[field(permit = OrderRead)]
    async fn order_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the orders; all orders by default.")] filter: Option<OrderFilter>,
        #[graphql(
            desc = "Go on after this cursor, of this stream or of orders.streamCursor with the same filter. Null begins with a snapshot."
        )]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Answer<OrderUpdate>> + use<Schema>, TopError> {
        let scope = permit.scope(ledger(ctx)?.database());
        let rights = Rights::of::<kind::OrderRead>(permit.caller().clone(), ctx.data_opt::<LiveRights>().cloned());
        let filter = without_periods(filter)?;
        let test_path = filter.as_ref().and_then(OrderFilter::path_not_streamable);
        let filter = OrderFilter::compile_filter(ctx, filter).await?;
        if test_path.is_some() || filter.tests_lines() {
            let message = "events of orders do not say their lines, texts and times, and the stores that their stock is in: filter by something else";
            return Err(TopError::bad_input(message, test_path.unwrap_or_else(|| path!["filter"])));
        }
        let (filter, within) = (orders_within(&permit, filter), orders_within(&permit, Filter::default()));
        let options = StreamOptions { name: filter_name(&filter), after, delay: Duration::ZERO };
        let updates = feed::open(ctx, scope, OrderTopic { filter, within }, rights, options).await?;
        Ok(updates.map(|update| update.map(OrderUpdate)))
    }
}
