//! `alertChanged`: alerts that are not resolved, then every change, none missed and in order.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_graphql::Context;
use entity::prelude::{AlertId, AlertState};
use futures_util::{Stream, StreamExt};
use iam::access::{LiveRights, kind};
use macros::resolvers;
use platform::{
    paging::{Key, PageRequest},
    realtime::{Interest, SharedEvent, Subject},
    storage::{Fault, TenantScope},
};
use services::alerts::{
    AlertEvent, Alerts, core,
    rows::{self, AlertsSorted, Test},
};

use super::{alert::Alert, query::AlertListFilter};
use crate::{
    graphql::{
        canonical::filter_name,
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

/// Alerts in a page of the snapshot.
const SNAPSHOT_PAGE: u32 = 250;
/// Event name of the items of a snapshot, which have no event.
const SNAPSHOT_CURSOR: &str = "snapshot";

/// An item of the stream of alerts that change.
pub struct AlertChanges(Update<AlertChange>);

/// An item of the stream of alerts that change: a page of the snapshot, changes, or news of the stream itself.
#[resolvers(shared)]
impl AlertChanges {
    /// Phase of the stream to which the item belongs.
    async fn phase(&self) -> StreamPhase {
        self.0.phase
    }
    /// Cursor of the item. Pass it as `after` to resume from here. Null in a RESET.
    async fn cursor(&self) -> Option<&Cursor> {
        self.0.cursor.as_ref()
    }
    /// Alerts in their current state, or as the change left them.
    async fn changes(&self, ctx: &Context<'_>) -> Answer<&[AlertChange]> {
        crate::catalog::catalog_loaders(ctx)?.forget();
        Ok(&self.0.changes)
    }
    /// Reason for which the stream ends; null in every phase but RESET.
    async fn reset(&self) -> Option<ResetReason> {
        self.0.reset
    }
}

/// An alert, as one event left it.
#[derive(Clone)]
pub struct AlertChange {
    seq: i64,
    alert: Alert,
    /// The event; None in a snapshot.
    shared_event: Option<Arc<SharedEvent>>,
    in_filter: bool,
}

/// An alert as one event left it. An alert may come twice: keep the one with the greater version.
#[resolvers(shared)]
impl AlertChange {
    /// The event's number; 0 in a snapshot, where an alert's version says how new it is.
    async fn seq(&self) -> Long {
        Long(self.seq)
    }
    /// The alert with the event's own state and times.
    async fn alert(&self) -> &Alert {
        &self.alert
    }
    /// Type of the event: alert.opened, alert.acknowledged, alert.snoozed, alert.woken, alert.assigned, alert.resolved; snapshot for the
    /// current state. More may be added.
    async fn event_type(&self) -> &str {
        self.shared_event.as_ref().map_or(SNAPSHOT_CURSOR, |shared_event| shared_event.event.kind.as_str())
    }
    /// True if the alert, by its state and assignee, matches the filter.
    async fn in_filter(&self) -> bool {
        self.in_filter
    }
}

/// Topic of the alerts that match the tests. Its text is the name of the stream.
#[derive(Debug)]
struct AlertTopic {
    tests: Vec<Test>,
}

impl AlertTopic {
    /// Whether an alert is in the filter; None where it never can be.
    fn includes_alert(&self, alert: &core::Alert) -> Option<bool> {
        let changes = |test: &&Test| test.may_change();
        let (mut changing, mut constant) = (self.tests.iter().filter(changes), self.tests.iter().filter(|test| !changes(test)));
        constant.all(|test| test.matches(alert)).then(|| changing.all(|test| test.matches(alert)))
    }
}

impl Topic for AlertTopic {
    type Change = AlertChange;
    /// Row of conflation: an alert. The stream does not offer conflation.
    type Row = AlertId;

    fn interest(&self) -> Interest {
        let lists = self.tests.iter().filter_map(|test| match test {
            Test::Store(stores) => Some(stores.iter().copied().map(Subject::of).collect()),
            Test::Product(products) => Some(products.iter().copied().map(Subject::of).collect()),
            _ => None,
        });
        Interest::narrowest(services::alerts::events::ALERTS, lists)
    }

    async fn page(&self, scope: &TenantScope, after: Option<Vec<Key>>) -> Result<Page<Self>, Fault> {
        let request = PageRequest { limit: SNAPSHOT_PAGE, backward: false, after, before: None };
        let mut tests = self.tests.clone();
        tests.push(Test::State(vec![AlertState::Open, AlertState::Acknowledged, AlertState::Snoozed]));
        let newest_first = AlertsSorted::default();
        let mut alerts = rows::page(scope, &tests, newest_first, &request).await?;
        let has_more = alerts.len() > SNAPSHOT_PAGE as usize;
        alerts.truncate(SNAPSHOT_PAGE as usize);
        let next = alerts.last().filter(|_| has_more).map(|alert| newest_first.keys(alert));
        let changes =
            alerts.into_iter().map(|alert| AlertChange { seq: 0, alert: alert.into(), shared_event: None, in_filter: true });
        Ok(Page { changes: changes.collect(), next })
    }

    async fn changes(&self, scope: &TenantScope, events: &[Arc<SharedEvent>]) -> Result<Vec<AlertChange>, Fault> {
        let shared_event = events.iter().filter(|shared_event| services::alerts::events::ALERT.is_about(&shared_event.event));
        let alert_events = shared_event
            .map(|shared_event| Ok((shared_event, shared_event.payload::<AlertEvent>()?)))
            .collect::<Result<Vec<_>, Fault>>()?;
        // Events contain no prices, costs or notes: the current rows supply them.
        let ids: Vec<AlertId> = alert_events.iter().map(|(_, event)| event.alert).collect();
        let current_alerts = if ids.is_empty() { Vec::new() } else { rows::alerts(scope, &ids).await? };
        let rows: HashMap<AlertId, core::Alert> = current_alerts.into_iter().map(|alert| (alert.id, alert)).collect();
        let change = |(shared_event, event): (&Arc<SharedEvent>, Arc<AlertEvent>)| {
            let alert = event.alert(rows.get(&event.alert))?;
            // A new one that is not in the filter was not in it before.
            let in_filter = self.includes_alert(&alert).filter(|in_filter| *in_filter || alert.version > 1)?;
            Some(AlertChange {
                seq: shared_event.seq(),
                alert: alert.into(),
                shared_event: Some(shared_event.clone()),
                in_filter,
            })
        };
        Ok(alert_events.into_iter().filter_map(change).collect())
    }

    fn row(change: &AlertChange) -> AlertId {
        change.alert.0.id
    }

    fn seq(change: &AlertChange) -> i64 {
        change.seq
    }
}

#[derive(Default)]
pub struct AlertSubscription;

#[resolvers(subscription)]
impl AlertSubscription {
    /// Alerts as they change. Without `after`: those that are not resolved in pages (SNAPSHOT, the last one READY), then every change as it commits
    /// (LIVE). With `after`: every change since, then live. Never a gap; an alert may come twice.
    #[field(permit = AlertRead)]
    async fn alert_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the alerts; all alerts by default.")] filter: Option<AlertListFilter>,
        #[graphql(desc = "Go on after this cursor, of this stream with the same filter. Null begins with a snapshot.")]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Answer<AlertChanges>> + use<>, TopError> {
        let scope = permit.scope(ctx.required_data::<Alerts>()?.database());
        let rights = Rights::of::<kind::AlertRead>(permit.caller().clone(), ctx.data_opt::<LiveRights>().cloned());
        let filter = without_periods(filter)?;
        if let Some(path) = filter.as_ref().and_then(AlertListFilter::path_not_streamable) {
            let message = "events do not say when an alert changed before: leave it out, or ask alerts";
            return Err(TopError::bad_input(message, path));
        }
        let mut tests = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default().read()?;
        tests.extend(services::alerts::visibility_tests(permit.caller()));
        let options = StreamOptions { name: filter_name(&tests), after, delay: Duration::ZERO };
        let updates = feed::open(ctx, scope, AlertTopic { tests }, rights, options).await?;
        Ok(updates.map(|update| update.map(AlertChanges)))
    }
}
