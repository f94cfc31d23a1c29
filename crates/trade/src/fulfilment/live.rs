//! `fulfilmentWorkChanged`: works in their current state, then every change, without gaps and in
//! order.

use std::{marker::PhantomData, sync::Arc, time::Duration};

use async_graphql::Context;
use entity::prelude::FulfilmentWorkId;
use futures_util::{Stream, StreamExt};
use iam::access::{LiveRights, kind};
use inventory::{
    fulfilment::{
        core::WorkHead,
        events::{WORK, WORKS, WorkEvent},
        rows::{self, WorkTest, WorkTests},
    },
    ledger::Ledger,
};
use macros::resolvers;
use platform::{
    paging::{Key, PageRequest},
    realtime::{Interest, SharedEvent, Subject},
    storage::{Fault, Nested, Reads, TenantScope},
};

use super::{named::name_of, query::FulfilmentWorkFilter, visibility::within, work::FulfilmentWork};
use crate::{
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{Cursor, Long},
    },
    keyed_filters::resolve_filter_keys,
    live::{
        feed::{self, SnapshotPage as Page, StreamOptions, Topic, Update},
        rights::Rights,
        stream::{ResetReason, StreamPhase},
    },
    periods::without_periods,
};

/// Works in a page of the snapshot.
const SNAPSHOT_PAGE: u32 = 250;
/// Event name of the items of a snapshot, which have no event.
const SNAPSHOT: &str = "snapshot";

/// An item of the stream of works that change.
pub struct FulfilmentWorkUpdate(Update<FulfilmentWorkChange>);

/// Item of the stream of works: a page of the snapshot, changes, or news of the stream itself.
#[resolvers(shared)]
impl FulfilmentWorkUpdate {
    /// Phase of the stream.
    async fn phase(&self) -> StreamPhase {
        self.0.phase
    }
    /// Cursor of the item. Pass it as `after` to resume from here. Null in a RESET.
    async fn cursor(&self) -> Option<&Cursor> {
        self.0.cursor.as_ref()
    }
    /// Works in their current state, or as the change left them.
    async fn changes(&self, ctx: &Context<'_>) -> Answer<&[FulfilmentWorkChange]> {
        crate::catalog::catalog_loaders(ctx)?.forget();
        Ok(&self.0.changes)
    }
    /// Reason for which the stream ends; null in every phase but RESET.
    async fn reset(&self) -> Option<ResetReason> {
        self.0.reset
    }
}

/// A work after an event.
#[derive(Clone)]
pub struct FulfilmentWorkChange {
    seq: i64,
    work: FulfilmentWork,
    /// The event; None in a snapshot.
    shared_event: Option<Arc<SharedEvent>>,
    in_filter: bool,
}

/// Work as one event left it. A work may come twice: keep the one with the greater version.
#[resolvers(shared)]
impl FulfilmentWorkChange {
    /// Number of the event; 0 in a snapshot, where a work's version says how new it is.
    async fn seq(&self) -> Long {
        Long(self.seq)
    }
    /// Work with the event's own state and times; its lines and parcels are read when the item is made.
    async fn work(&self) -> &FulfilmentWork {
        &self.work
    }
    /// Type of the event: fulfilment_work.created, fulfilment_work.changed,
    /// fulfilment_work.rejected; snapshot for the current state. More may be added.
    async fn event_type(&self) -> &str {
        self.shared_event.as_ref().map_or(SNAPSHOT, |shared_event| shared_event.event.kind.as_str())
    }
    /// True if the work is in the filter. False once it has left, and no more is said of it until it enters again.
    async fn in_filter(&self) -> bool {
        self.in_filter
    }
}

struct WorkTopic {
    tests: Nested<WorkTests>,
}

impl WorkTopic {
    fn passes(&self, work: &WorkHead) -> bool {
        rows::passes(&self.tests, work)
    }
}

impl Topic for WorkTopic {
    type Change = FulfilmentWorkChange;
    /// Conflation is not offered; were it, each work would be a row.
    type Row = FulfilmentWorkId;

    fn interest(&self) -> Interest {
        let subject_lists = self.tests.own.works.iter().filter_map(|test| match test {
            WorkTest::Store(stores) => Some(stores.iter().copied().map(Subject::of).collect()),
            _ => None,
        });
        Interest::narrowest(WORKS, subject_lists)
    }

    async fn page(&self, scope: &TenantScope, after: Option<Vec<Key>>) -> Result<Page<Self>, Fault> {
        let request = PageRequest { limit: SNAPSHOT_PAGE, backward: false, after, before: None };
        let source = rows::works_source(scope.backend(), &self.tests);
        let mut works = rows::load_work_page(scope, &source, false, &request).await?;
        let has_more = works.len() > SNAPSHOT_PAGE as usize;
        works.truncate(SNAPSHOT_PAGE as usize);
        let next = works.last().filter(|_| has_more).map(rows::head_keys);
        let change = |head: WorkHead| {
            let work = FulfilmentWork::head(head);
            FulfilmentWorkChange { seq: 0, work, shared_event: None, in_filter: true }
        };
        Ok(Page { changes: works.into_iter().map(change).collect(), next })
    }

    async fn changes(&self, _scope: &TenantScope, events: &[Arc<SharedEvent>]) -> Result<Vec<FulfilmentWorkChange>, Fault> {
        let mut changes = Vec::with_capacity(events.len());
        for shared_event in events.iter().filter(|shared_event| WORK.is_about(&shared_event.event)) {
            let event = shared_event.payload::<WorkEvent>()?;
            let head = event.head();
            let in_filter = self.passes(&head);
            let was_in = event.before.is_some_and(|status| self.passes(&WorkHead { status, ..head.clone() }));
            if in_filter || was_in {
                let (seq, work) = (shared_event.seq(), FulfilmentWork::head(head));
                changes.push(FulfilmentWorkChange { seq, work, shared_event: Some(shared_event.clone()), in_filter });
            }
        }
        Ok(changes)
    }

    fn row(change: &FulfilmentWorkChange) -> FulfilmentWorkId {
        change.work.row().id
    }

    fn seq(change: &FulfilmentWorkChange) -> i64 {
        change.seq
    }
}

/// Generic, so that its streams and the types that they return are compiled in the crate of the
/// schema only (`docs/decisions/0386`).
#[derive(Default)]
pub struct FulfilmentWorkSubscription<Schema = ()>(PhantomData<fn() -> Schema>);

#[resolvers(subscription)]
impl<Schema> FulfilmentWorkSubscription<Schema> {
    /// Works of your stores as they change. Without `after`: a snapshot in pages (SNAPSHOT, the
    /// last one READY), then every change as it commits (LIVE). With `after`: every change since,
    /// then live. No change is missing; a work may come twice.
    #[field(permit = FulfilmentRead)]
    async fn fulfilment_work_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter that the works pass. Null for all works.")] filter: Option<FulfilmentWorkFilter>,
        #[graphql(desc = "Go on after this cursor, of this stream with the same filter. Null begins with a snapshot.")]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Answer<FulfilmentWorkUpdate>> + use<Schema>, TopError> {
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let rights = Rights::of::<kind::FulfilmentRead>(permit.caller().clone(), ctx.data_opt::<LiveRights>().cloned());
        let filter = resolve_filter_keys(ctx, without_periods(filter)?, "filter").await?.unwrap_or_default();
        let tests = within(&permit, filter.read_for_stream()?);
        let options = StreamOptions { name: name_of(&tests), after, delay: Duration::ZERO };
        let updates = feed::open(ctx, scope, WorkTopic { tests }, rights, options).await?;
        Ok(updates.map(|update| update.map(FulfilmentWorkUpdate)))
    }
}
