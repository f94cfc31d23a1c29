//! `dashboardChanged`: the dashboard, sent again each time that it changes.

use std::{marker::PhantomData, sync::Arc, time::Duration};

use async_graphql::Context;
use entity::prelude::StoreId;
use futures_util::Stream;
use iam::access::{Permit, kind, permit};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{metrics, realtime::SharedEvent, storage::Fault};
use services::reports::{
    core::{Span, changes_dashboard},
    shell::{self, DashboardCaller},
};
use tokio::time::Instant;

use super::{
    dashboard::{Dashboard, resolve_stores},
    filter::PeriodInput,
    links::report_error,
};
use crate::{
    catalog::StoreRef,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
    },
    live::{
        readings::{MIN_REFRESH_INTERVAL, RefreshSchedule, WakeReason},
        stream::{ResetReason, StreamPhase},
        stream_handle::StreamHandle,
    },
};

/// Between two readings at least, while sales and values lack events that have been recorded: no event tells when they have them.
const MIN_REREAD_INTERVAL: Duration = Duration::from_secs(5);
/// Maximum time between two readings: orders become overdue by time alone, without an event.
const MAX_READ_INTERVAL: Duration = Duration::from_mins(1);

/// An item of the stream of a dashboard.
pub struct DashboardUpdate {
    phase: StreamPhase,
    dashboard: Option<Dashboard>,
    reset: Option<ResetReason>,
}

/// Item of the stream of a dashboard: the whole dashboard, or the end of the stream.
#[resolvers]
impl DashboardUpdate {
    /// Phase of the stream: READY with the first dashboard and again after a change of the caller's rights, LIVE with one that differs from the one
    /// before, RESET at the end.
    async fn phase(&self) -> StreamPhase {
        self.phase
    }
    /// Dashboard, whole in each item. Null in a RESET.
    async fn dashboard(&self, ctx: &Context<'_>) -> Answer<Option<&Dashboard>> {
        crate::catalog::catalog_loaders(ctx)?.forget();
        Ok(self.dashboard.as_ref())
    }
    /// Reason for which the stream ends; null in every phase but RESET.
    async fn reset(&self) -> Option<ResetReason> {
        self.reset
    }
}

/// Generic, so that its streams and their panels are compiled in the crate of the schema alone
/// (`docs/decisions/0386`).
#[derive(Default)]
pub struct DashboardSubscription<Schema = ()>(PhantomData<fn() -> Schema>);

#[resolvers(subscription)]
impl<Schema> DashboardSubscription<Schema> {
    /// Dashboard with many panels, at once (READY), then again, at most once a second, after changes of what it shows (LIVE). A dashboard that shows
    /// the same is not sent again. It is read with your own rights, as the query `dashboard` is.
    ///
    /// Requires report.read. Costs 50 once, and nothing for what follows.
    #[field(permit = ReportRead, cost = "50")]
    async fn dashboard_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stores, at most 250. Null for all that the caller sees.")] stores: Option<Vec<StoreRef>>,
        #[graphql(desc = "Business days that sales are of.")] period: PeriodInput,
    ) -> Result<impl Stream<Item = Answer<DashboardUpdate>> + use<Schema>, TopError> {
        let span = period.read()?;
        let stores = resolve_stores(ctx, stores).await?;
        Ok(DashboardFollower::open(ctx, permit, (span, stores)).await?.run())
    }
}

/// One subscriber's dashboard.
struct DashboardFollower {
    ledger: Ledger,
    readings: RefreshSchedule,
    stream_handle: Option<Arc<StreamHandle>>,
    span_and_stores: (Span, Option<Vec<StoreId>>),
    /// The one that was read last, and whether it showed all that had happened: it shows the same as the one that was sent last.
    last: Option<(Arc<shell::Dashboard>, bool)>,
    /// `seq` of the last received event that may affect the dashboard; at first the journal's last
    /// event.
    newest_seq: i64,
}

enum Step {
    Read,
    /// The operation is run again with the current rights.
    Again,
    Over(ResetReason),
}

impl DashboardFollower {
    async fn open(
        ctx: &Context<'_>,
        permit: Permit<kind::ReportRead>,
        span_and_stores: (Span, Option<Vec<StoreId>>),
    ) -> Answer<Self> {
        let ledger = ctx.required_data::<Ledger>()?.clone();
        let (readings, head) = RefreshSchedule::open(ctx, &permit, ledger.database()).await?;
        Ok(Self {
            ledger,
            readings,
            stream_handle: ctx.data_opt::<Arc<StreamHandle>>().cloned(),
            span_and_stores,
            last: None,
            newest_seq: head.seq,
        })
    }

    fn run(mut self) -> impl Stream<Item = Answer<DashboardUpdate>> + use<> {
        async_stream::stream! {
            loop {
                match self.step().await {
                    Ok(Step::Read) => {}
                    Ok(Step::Again) => return,
                    Ok(Step::Over(reason)) => {
                        metrics::count_stream_reset(reason.as_str());
                        yield Ok(DashboardUpdate { phase: StreamPhase::Reset, dashboard: None, reset: Some(reason) });
                        return;
                    }
                    Err(fault) => {
                        yield Err(TopError::from(fault));
                        return;
                    }
                }
                match Box::pin(self.read()).await {
                    Ok(Some(update)) => {
                        yield Ok(update);
                    }
                    Ok(None) => {}
                    Err(error) => {
                        yield Err(error);
                        return;
                    }
                }
            }
        }
    }

    /// Waits until it is time to read the dashboard.
    async fn step(&mut self) -> Result<Step, Fault> {
        loop {
            match self.readings.next_wake().await? {
                WakeReason::Read => return Ok(Step::Read),
                WakeReason::Events(events) => events.iter().for_each(|shared_event| self.apply_event(shared_event)),
                WakeReason::Missed(position) => {
                    self.newest_seq = self.newest_seq.max(position);
                    self.readings.bring_forward();
                }
                WakeReason::Rights => {
                    if let Some(stream_handle) = &self.stream_handle {
                        stream_handle.request_restart();
                        return Ok(Step::Again);
                    }
                    self.readings.accept();
                }
                WakeReason::Over(reason) => return Ok(Step::Over(reason)),
            }
        }
    }

    fn apply_event(&mut self, shared_event: &SharedEvent) {
        let seq = shared_event.seq();
        let is_shown = self.last.as_ref().is_some_and(|(last, _)| seq <= last.progress.seq);
        if !is_shown && changes_dashboard(&shared_event.event.kind) {
            self.newest_seq = self.newest_seq.max(seq);
            self.readings.bring_forward();
        }
    }

    /// Reads the dashboard and returns the update to send, or None if it is unchanged, or if the
    /// rights changed meanwhile.
    async fn read(&mut self) -> Answer<Option<DashboardUpdate>> {
        let caller = self.readings.rights.current_caller().ok_or(TopError::Unauthenticated)?;
        let permit = permit::<kind::ReportRead>(&caller)?;
        // The first dashboard is sent at once, as old as a query's may be, and checked again soon.
        let dashboard_caller =
            if self.last.is_some() { DashboardCaller::Follower(self.newest_seq) } else { DashboardCaller::Client };
        let now = self.ledger.clock().now();
        let report = shell::dashboard(permit, self.ledger.database(), self.span_and_stores.clone(), (now, dashboard_caller));
        let (dashboard, is_current) = tokio::select! {
            biased;
            // A dear report may take long; after a change of rights it is dropped, and the next
            // step checks the new rights.
            _ = self.readings.rights.wait_for_change() => return Ok(None),
            report = Box::pin(report) => report.map_err(report_error)?,
        };
        let is_behind = !dashboard.progress.is_current() || dashboard.progress.seq < self.newest_seq;
        let next = match &self.last {
            None => MIN_REFRESH_INTERVAL,
            Some(_) if is_behind => MIN_REREAD_INTERVAL,
            Some(_) => MAX_READ_INTERVAL,
        };
        self.readings.schedule_next(Instant::now(), next);
        // It was read with rights that have changed since: the next step reads them.
        if self.readings.rights.now().is_some() {
            return Ok(None);
        }
        Ok(self.next_update(dashboard, is_current))
    }

    /// The dashboard, if it shows something else than the last one.
    fn next_update(&mut self, dashboard: Arc<shell::Dashboard>, is_current: bool) -> Option<DashboardUpdate> {
        let phase = match self.last.replace((dashboard.clone(), is_current)) {
            None => StreamPhase::Ready,
            Some((before, was_current)) if was_current == is_current && before.has_same_figures(&dashboard) => return None,
            Some(_) => StreamPhase::Live,
        };
        Some(DashboardUpdate { phase, dashboard: Some(Dashboard(dashboard, is_current)), reset: None })
    }
}
