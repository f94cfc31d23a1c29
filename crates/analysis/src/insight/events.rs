//! `events`: the journal for clients that poll instead of subscribing. Each caller gets only the
//! events that they may see elsewhere.

use std::sync::Arc;

use async_graphql::{Context, Object};
use iam::access::Caller;
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{
    paging::CursorSigner,
    storage::{
        Fault, Reads, TenantScope,
        journal::{self, Head},
        replicas::Freshness,
    },
};
use serde_json::Value;
use services::webhooks;
use tokio::sync::OnceCell;

use crate::{
    events::registry,
    graphql::{
        canonical::filter_name,
        connection::{COUNTED_BY_DEFAULT, Count, CountPrecision, PageArgs, PageInfo, capped_count, checked_limit},
        context::ContextExt,
        fault::{Answer, TopError},
        limits::Limits,
        scalars::{Cursor, DateTime, Json, Long},
    },
    live::stream::{self, ResetReason},
};

/// Maximum events that are scanned for one page: a caller who may see few of them needs more pages.
const MAX_SCANNED_EVENTS: i64 = 2_000;
const EVENT_BATCH_SIZE: u32 = 500;
/// Types that one call may name.
const MAX_TYPES: usize = 50;

/// A recorded event of the tenant.
#[derive(Clone)]
pub struct Event {
    row: Arc<journal::Event>,
    data: Value,
}

/// A recorded event of the tenant, as the journal holds it.
#[Object]
impl Event {
    /// Number of the event in the tenant's stream, in the order of commits. Events that you may not
    /// see leave gaps.
    async fn seq(&self) -> Long {
        Long(self.row.seq)
    }
    /// Type of the event, such as stock.changed or order.created. New types may be added.
    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        &self.row.kind
    }
    /// Time at which the event was recorded.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.row.recorded_at)
    }
    /// Payload of the event: IDs, versions and values as they were after it, for the stores that you may see. Equal to a webhook's `data`.
    async fn data(&self) -> Json {
        Json(self.data.clone())
    }
}

/// A page of the journal.
pub struct EventConnection {
    events: Vec<(Event, Cursor)>,
    /// Whether the journal has events before and after the scanned ones.
    has_previous: bool,
    has_next: bool,
    start: Option<Cursor>,
    end: Cursor,
    head: Cursor,
    reset: Option<ResetReason>,
    list: EventList,
    /// Events on all pages, once they are counted, and whether they are all.
    all: OnceCell<(i64, bool)>,
}

/// A page of the journal, oldest first.
#[resolvers]
impl EventConnection {
    /// The nodes with their cursors.
    async fn edges(&self) -> Vec<EventEdge> {
        self.events.iter().cloned().map(EventEdge).collect()
    }
    /// The nodes alone.
    async fn nodes(&self) -> Vec<Event> {
        self.events.iter().map(|(event, _)| event.clone()).collect()
    }
    /// Position of the page in the journal. `endCursor` is never null, also for a page without nodes. Read on from it: at once while `hasNextPage` is
    /// true, else later. With `last`, `startCursor` is that of the oldest event that was looked through, also where you may not see it.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: self.start.clone(),
            end_cursor: Some(self.end.clone()),
        }
    }
    /// Number of events on all pages together, counted up to a limit: those that are kept and that you may see. The oldest 2,000 events are looked
    /// through; where there are more, the number is a lower bound. Costs 3.
    #[field(cost = "3")]
    async fn total_count(
        &self,
        #[graphql(desc = "Count no further than this: 1 to 100,000. Default 1,000.", default_with = "COUNTED_BY_DEFAULT")]
        limit: i32,
    ) -> Answer<Count> {
        let limit = checked_limit(limit)?;
        let (event_count, is_all) = *self.all.get_or_try_init(|| self.list.count()).await?;
        let count = capped_count(event_count, limit);
        Ok(if is_all { count } else { Count { precision: CountPrecision::AtLeast, ..count } })
    }
    /// The journal's head: hand it to `after` to begin now.
    async fn head(&self) -> &Cursor {
        &self.head
    }
    /// Reason for which `after` could not be followed; null when it was. With a reason there are no nodes: discard your state, read the current state,
    /// and begin at `head`.
    async fn reset(&self) -> Option<ResetReason> {
        self.reset
    }
}

/// An event with its cursor.
pub struct EventEdge((Event, Cursor));

/// An event with its cursor.
#[Object]
impl EventEdge {
    /// The node.
    async fn node(&self) -> &Event {
        &self.0.0
    }
    /// Cursor of the event. Pass it as `after` to read the events after it.
    async fn cursor(&self) -> &Cursor {
        &self.0.1
    }
}

#[derive(Default)]
pub struct EventQuery;

#[resolvers]
impl EventQuery {
    /// Events recorded since a cursor, oldest first, for clients that poll. They are the events of streams and webhooks, limited to what you may see.
    /// Without `after` the list begins with the oldest event that is kept. With `last` it is read from the newest event.
    #[field(authenticated, paged)]
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Types of event to include, such as order.created, order.* or *; at most 50, and an empty list matches nothing. Null for all."
        )]
        types: Option<Vec<String>>,
        first: Option<i32>,
        #[graphql(
            desc = "Go on after this cursor, of this list with the same types. Null begins with the oldest event that is kept."
        )]
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<EventConnection> {
        let caller = caller.clone();
        let scope = ctx.required_data::<Ledger>()?.database().tenant(caller.tenant);
        if types.as_ref().is_some_and(|types| types.len() > MAX_TYPES) {
            return Err(TopError::bad_input(format!("at most {MAX_TYPES} types"), vec!["types".to_owned()]));
        }
        let idle = types.as_deref().map(|types| webhooks::core::unmatched_patterns(types, registry())).unwrap_or_default();
        if let Some(index) = idle.first() {
            return Err(TopError::bad_input(webhooks::core::NO_SUCH_EVENT, vec!["types".to_owned(), index.to_string()]));
        }
        let signer = ctx.required_data::<CursorSigner>()?.clone();
        // The cursors are a stream's, and read as such.
        let sizes =
            PageArgs { first, last, ..PageArgs::default() }.check("events", &signer, ctx.required_data::<Limits>()?.page)?;
        let list = EventList { name: filter_name(&types).for_list("events"), types, signer, caller, scope };
        list.page(&JournalPageRequest { limit: sizes.limit as usize, backward: sizes.backward, after, before }).await
    }
}

/// Request for a page of the journal.
struct JournalPageRequest {
    limit: usize,
    backward: bool,
    after: Option<Cursor>,
    before: Option<Cursor>,
}

/// Scanned events: those after `from` up to `upto`, with the ones that the caller may see, oldest
/// first.
struct ScannedEvents {
    from: i64,
    upto: i64,
    events: Vec<Event>,
}

/// The newest events after `from` up to `upto`, oldest first: `limit`, or fewer where their payloads are large; and the number after which they begin.
async fn load_newest(scope: &TenantScope, (from, upto): (i64, i64), mut limit: u32) -> Result<(i64, Vec<journal::Event>), Fault> {
    loop {
        let below = from.max(upto - i64::from(limit));
        let mut rows = journal::page_after(scope, below, limit).await?.events;
        rows.retain(|row| row.seq <= upto);
        if rows.last().is_none_or(|row| row.seq == upto) {
            return Ok((below, rows));
        }
        // The page ended by its bytes, before the newest event: the same number is read again, up
        // to that one.
        limit = u32::try_from(rows.len()).unwrap_or(EVENT_BATCH_SIZE);
    }
}

struct EventList {
    name: stream::FilterName,
    types: Option<Vec<String>>,
    signer: CursorSigner,
    caller: Caller,
    scope: TenantScope,
}

impl EventList {
    fn cursor(&self, head: Head, seq: i64) -> Cursor {
        stream::cursor(&self.signer, self.caller.tenant, head.epoch, seq, &self.name)
    }

    async fn page(self, request: &JournalPageRequest) -> Answer<EventConnection> {
        let (mut scope, mut head) = (self.scope.clone(), self.scope.head().await?);
        let mut bounds = self.bounds(request, head);
        if bounds == Err(ResetReason::EpochChanged) {
            // The page before may have come from the primary, and the replica is behind it.
            scope = scope.with_freshness(Freshness::Primary);
            head = scope.head().await?;
            bounds = self.bounds(request, head);
        }
        let (scanned, reset) = match bounds {
            Ok(bounds) if request.backward => (self.scan_backward(&scope, bounds, request.limit).await?, None),
            Ok(bounds) => (self.scan_forward(&scope, bounds, request.limit).await?, None),
            Err(reason) => (ScannedEvents { from: head.seq, upto: head.seq, events: Vec::new() }, Some(reason)),
        };
        let ScannedEvents { from, upto, events } = scanned;
        let with_cursor = |event: Event| {
            let cursor = self.cursor(head, event.row.seq);
            (event, cursor)
        };
        let events: Vec<(Event, Cursor)> = events.into_iter().map(with_cursor).collect();
        // A caller who may see few events continues from the last row examined, not from the last
        // one returned.
        let oldest = (request.backward && from < upto).then(|| self.cursor(head, from + 1));
        let start = oldest.or_else(|| events.first().map(|(_, cursor)| cursor.clone()));
        Ok(EventConnection {
            events,
            has_previous: reset.is_none() && from > head.low,
            has_next: upto < head.seq,
            start,
            end: self.cursor(head, upto),
            head: self.cursor(head, head.seq),
            reset,
            list: self,
            all: OnceCell::new(),
        })
    }

    /// The numbers between which the events are: after the first, up to the second.
    fn bounds(&self, request: &JournalPageRequest, head: Head) -> Result<(i64, i64), ResetReason> {
        let open = |cursor: &Cursor| stream::open_cursor(&self.signer, self.scope.tenant(), head, &self.name, cursor);
        let from = request.after.as_ref().map(open).transpose()?.unwrap_or(head.low);
        let upto = match request.before.as_ref().map(open) {
            None => head.seq,
            // All earlier events have been deleted.
            Some(Err(ResetReason::CursorExpired)) => head.low,
            Some(opened) => opened? - 1,
        };
        Ok((from, upto.max(from)))
    }

    /// Looks through events from the oldest on.
    async fn scan_forward(&self, scope: &TenantScope, (from, upto): (i64, i64), limit: usize) -> Answer<ScannedEvents> {
        let (mut events, mut last) = (Vec::new(), from);
        'looking: while last < upto && last - from < MAX_SCANNED_EVENTS {
            let rows = journal::page_after(scope, last, EVENT_BATCH_SIZE).await?.events;
            // The event was deleted between the two reads: the next request reports that.
            if rows.first().is_none_or(|row| row.seq != last + 1) {
                break;
            }
            for row in rows {
                if events.len() == limit || row.seq > upto {
                    break 'looking;
                }
                last = row.seq;
                events.extend(self.visible_event(row)?);
            }
        }
        Ok(ScannedEvents { from, upto: last, events })
    }

    /// Looks through events from the newest on.
    async fn scan_backward(&self, scope: &TenantScope, (from, upto): (i64, i64), limit: usize) -> Answer<ScannedEvents> {
        let (mut events, mut first, mut count) = (Vec::new(), upto, EVENT_BATCH_SIZE);
        'looking: while first > from && upto - first < MAX_SCANNED_EVENTS {
            let (below, rows) = load_newest(scope, (from, first), count).await?;
            // Twice as many as there were now: those before may be smaller.
            count = u32::try_from(2 * rows.len()).map_or(EVENT_BATCH_SIZE, |twice| twice.clamp(1, EVENT_BATCH_SIZE));
            let is_expired = rows.first().is_none_or(|row| row.seq != below + 1);
            for row in rows.into_iter().rev() {
                if events.len() == limit {
                    break 'looking;
                }
                first = row.seq - 1;
                events.extend(self.visible_event(row)?);
            }
            if is_expired {
                break;
            }
        }
        events.reverse();
        Ok(ScannedEvents { from: first, upto, events })
    }

    /// Counts the oldest kept events that the caller may see; the flag is true if those are all.
    async fn count(&self) -> Answer<(i64, bool)> {
        let head = self.scope.head().await?;
        let (mut event_count, mut last) = (0, head.low);
        while last < head.seq && last - head.low < MAX_SCANNED_EVENTS {
            let rows = journal::page_after(&self.scope, last, EVENT_BATCH_SIZE).await?.events;
            if rows.first().is_none_or(|row| row.seq != last + 1) {
                break;
            }
            for row in rows.into_iter().take_while(|row| row.seq <= head.seq) {
                last = row.seq;
                event_count += i64::from(self.visible_event(row)?.is_some());
            }
        }
        Ok((event_count, last >= head.seq))
    }

    fn visible_event(&self, row: journal::Event) -> Result<Option<Event>, Fault> {
        if self.types.as_ref().is_some_and(|types| !types.iter().any(|pattern| webhooks::core::matches(pattern, &row.kind))) {
            return Ok(None);
        }
        let data = registry()
            .visible_payload(&row.kind, &row.payload, &self.caller)
            .map_err(|err| Fault::corrupt("event", format!("{}: {err}", row.seq)))?;
        Ok(data.map(|data| Event { row: Arc::new(row), data }))
    }
}
