//! `orderChanged`: orders in their current state, then every change, without gaps and in order.

use std::{marker::PhantomData, sync::Arc, time::Duration};

use async_graphql::Context;
use futures_util::{Stream, StreamExt};
use iam::access::{LiveRights, kind};
use inventory::orders::rows::Filter;
use macros::resolvers;
use platform::{path, realtime::SharedEvent};

use super::{OrderFilter, order::Order, payload::ledger, topic::OrderTopic, visibility::orders_within};
use crate::{
    graphql::{
        canonical::filter_name,
        fault::{Answer, TopError},
        scalars::{Cursor, Long},
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
        crate::catalog::loads(ctx)?.forget();
        Ok(&self.0.changes)
    }
    /// Reason for which the stream ends; null in every phase but RESET.
    async fn reset(&self) -> Option<ResetReason> {
        self.0.reset
    }
}

/// An order after an event.
#[derive(Clone)]
pub struct OrderChange {
    pub(super) seq: i64,
    pub(super) order: Order,
    /// The event; None in a snapshot.
    pub(super) kind: Option<Arc<SharedEvent>>,
    pub(super) in_filter: bool,
}

/// Event name of the items of a snapshot, which have no event.
const SNAPSHOT: &str = "snapshot";

/// An order as one event left it. An order may come twice: keep the one with the greater version.
#[resolvers(shared)]
impl OrderChange {
    /// The event's number; 0 in a snapshot, where an order's version says how new it is.
    async fn seq(&self) -> Long {
        Long(self.seq)
    }
    /// The order with the event's own state, total and times; its lines and what hangs on them are read when the item is made.
    async fn order(&self) -> &Order {
        &self.order
    }
    /// Type of the event: order.created, order.confirmed, order.fulfilled, order.cancelled, order.expired, order.closed, order.held
    /// and order.hold_lifted (a hold was set or lifted), order.reopened, order.updated (the order was edited, a part of it was
    /// cancelled, a backorder was filled, stock that it held gave way, a return changed the quantities returned, pending or
    /// refunded, or a payment was recorded); snapshot for the current state. More may be added.
    async fn event_type(&self) -> &str {
        self.kind.as_ref().map_or(SNAPSHOT, |shared_event| shared_event.event.kind.as_str())
    }
    /// True if the order is in the filter. False once it has left, and no more is said of it until it enters again.
    async fn in_filter(&self) -> bool {
        self.in_filter
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
        let place = filter.as_ref().and_then(OrderFilter::path_not_streamable);
        let filter = OrderFilter::compile_filter(ctx, filter).await?;
        if place.is_some() || filter.tests_lines() {
            let message = "events of orders do not say their lines, texts and times, and the stores that their stock is in: filter by something else";
            return Err(TopError::bad_input(message, place.unwrap_or_else(|| path!["filter"])));
        }
        let (filter, within) = (orders_within(&permit, filter), orders_within(&permit, Filter::default()));
        let options = StreamOptions { name: filter_name(&filter), after, delay: Duration::ZERO };
        let updates = feed::open(ctx, scope, OrderTopic { filter, within }, rights, options).await?;
        Ok(updates.map(|update| update.map(OrderUpdate)))
    }
}
