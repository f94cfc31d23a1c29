//! `stockChanged`: the current levels, then every change, without gaps and in order.

use std::marker::PhantomData;

use async_graphql::Context;
use futures_util::{Stream, StreamExt, stream::BoxStream};
use iam::access::{LiveRights, Permit, kind};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{path, storage::TenantScope};

use super::{
    StockFilter,
    alerts::{AlertFilter, AlertTopic, AlertUpdate},
    level_filter,
    loader_reset::reset_loaders,
    stock_change::StockChange,
    topic::StockTopic,
    visibility::within,
};
use crate::{
    graphql::{
        canonical::filter_name,
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::Cursor,
    },
    keyed_filters::resolve_filter_keys,
    live::{
        feed::{self, StreamOptions, Update},
        rights::Rights,
        stream::{ResetReason, StreamPhase},
    },
    periods::without_periods,
};

/// An item of the stream of stock changes.
pub struct StockUpdate(pub Update<StockChange>);

/// An item of the stream of stock changes: a page of the snapshot, changes, or news of the stream itself.
#[resolvers(shared)]
impl StockUpdate {
    /// Phase of the stream that the item belongs to.
    async fn phase(&self) -> StreamPhase {
        self.0.phase
    }
    /// Cursor of the item. Pass it as `after` to resume from here. Null in a RESET.
    async fn cursor(&self) -> Option<&Cursor> {
        self.0.cursor.as_ref()
    }
    /// Levels in their current state, or as the change left them.
    async fn changes(&self, ctx: &Context<'_>) -> Answer<&[StockChange]> {
        reset_loaders(ctx)?;
        Ok(&self.0.changes)
    }
    /// Reason that the stream ends; null unless the phase is RESET.
    async fn reset(&self) -> Option<ResetReason> {
        self.0.reset
    }
}

/// Generic, so that its streams and the types that they return are compiled in the crate of the
/// schema only (`docs/decisions/0386`).
#[derive(Default)]
pub struct StockSubscription<Schema = ()>(PhantomData<fn() -> Schema>);

#[resolvers(subscription)]
impl<Schema> StockSubscription<Schema> {
    /// Stock levels as they change. Without `after`: a snapshot in pages (SNAPSHOT, the last one
    /// READY), then every change as it commits (LIVE). With `after`: every change since, then live.
    /// No change is missing; a level may come twice.
    #[field(permit = StockRead)]
    async fn stock_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the stock levels. All levels by default.")] filter: Option<StockFilter>,
        #[graphql(
            desc = "Go on after this cursor, of this stream or of stockLevels.streamCursor with the same filter. Null begins with a snapshot."
        )]
        after: Option<Cursor>,
        #[graphql(
            desc = "Hold changes back for up to so many milliseconds and send only the newest state of each level. Default 0.",
            default = 0
        )]
        max_delay_ms: i32,
    ) -> Result<BoxStream<'static, Answer<StockUpdate>>, TopError> {
        let (scope, rights) = subscriber_scope(ctx, &permit)?;
        let delay = feed::max_delay(max_delay_ms)?;
        let filter = without_periods(filter)?;
        let test_path = filter.as_ref().and_then(StockFilter::path_not_streamable);
        let filter = level_filter(ctx, filter.as_ref()).await?;
        if test_path.is_some() || filter.has_list_only_test() {
            let message = "events of stock do not say the product's texts, category tree and supplier, lots and times: filter by something else";
            return Err(TopError::bad_input(message, test_path.unwrap_or_else(|| path!["filter"])));
        }
        let filter = within(&permit, filter);
        let options = StreamOptions { name: filter_name(&filter), after, delay };
        let updates = feed::open(ctx, scope, StockTopic { filter }, rights, options).await?;
        Ok(updates.map(|update| update.map(StockUpdate)).boxed())
    }

    /// Stock levels that ran low, ran out or came back, one item each time a level crosses a threshold of its stock status. Rules of alerts change nothing
    /// about it, and no alert is kept: `alertChanged` has those. Without `after` it begins now; query stockLevels for the current state. With `after`: every
    /// crossing since, then live.
    #[field(permit = StockRead, was("alertRaised", "2026-11-26"))]
    async fn stock_threshold_crossed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the levels and thresholds. All by default.")] filter: Option<AlertFilter>,
        #[graphql(desc = "Go on after this cursor, of this stream with the same filter. Null begins now.")] after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Answer<AlertUpdate>> + use<Schema>, TopError> {
        let (scope, rights) = subscriber_scope(ctx, &permit)?;
        let topic = AlertTopic::of(&permit, resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default())?;
        let options = StreamOptions { name: filter_name(&topic), after, delay: std::time::Duration::ZERO };
        let updates = feed::open(ctx, scope, topic, rights, options).await?;
        Ok(updates.map(|update| update.map(AlertUpdate)))
    }
}

/// Returns the tenant's rows and the current rights of a subscriber of stock.
fn subscriber_scope(ctx: &Context<'_>, permit: &Permit<kind::StockRead>) -> Answer<(TenantScope, Rights)> {
    let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
    let rights = Rights::of::<kind::StockRead>(permit.caller().clone(), ctx.data_opt::<LiveRights>().cloned());
    Ok((scope, rights))
}
