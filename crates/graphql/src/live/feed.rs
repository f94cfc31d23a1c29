//! A stream of changes: a snapshot, missed events, then new events, in order and without gaps. The
//! content is up to its topic.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use async_graphql::Context;
use futures_util::{StreamExt, stream::BoxStream};
use platform::{
    metrics,
    paging::{CursorSigner, Key},
    realtime::{Hubs, Interest, Listener, NextEvents, SharedEvent},
    storage::{Fault, TenantScope, journal::Head},
    traces::{self, TraceContext},
};
use tokio::time::Instant;

use super::{
    rights::{Rights, RightsChange},
    stream::{self, FilterName, ResetReason, StreamPhase},
    stream_handle::{self, ItemMeta, RecordingTime, Role, StopPosition, StreamHandle},
};
use crate::{
    context::ContextExt,
    fault::{Answer, TopError},
    scalars::Cursor,
};

/// Subject of a stream.
pub trait Topic: Send + Sync + 'static {
    type Change: Clone + Send + Sync + 'static;
    /// Key by which conflation keeps the newest change.
    type Row: Ord + Send;

    fn interest(&self) -> Interest;
    /// Reads a page of the snapshot after a place, and the next place if there is more.
    fn page(
        &self,
        scope: &TenantScope,
        after: Option<Vec<Key>>,
    ) -> impl Future<Output = Result<SnapshotPage<Self>, Fault>> + Send;
    /// Returns the changes that events cause, in their order.
    fn changes(
        &self,
        scope: &TenantScope,
        events: &[Arc<SharedEvent>],
    ) -> impl Future<Output = Result<Vec<Self::Change>, Fault>> + Send;
    fn row(change: &Self::Change) -> Self::Row;
    fn seq(change: &Self::Change) -> i64;
}

/// Page of a snapshot.
pub struct SnapshotPage<T: Topic + ?Sized> {
    pub changes: Vec<T::Change>,
    pub next: Option<Vec<Key>>,
}

/// An item of a stream.
pub struct Update<C> {
    pub phase: StreamPhase,
    pub cursor: Option<Cursor>,
    pub changes: Vec<C>,
    pub reset: Option<ResetReason>,
    /// Time when the oldest event of the item was recorded, if the item is sent as it happens.
    pub recorded: Option<RecordingTime>,
}

/// Options of a stream that are independent of its topic.
pub struct StreamOptions {
    /// Name of the filter: a cursor of another name is foreign.
    pub name: FilterName,
    pub after: Option<Cursor>,
    pub delay: Duration,
}

pub type Updates<C> = BoxStream<'static, Answer<Update<C>>>;

/// Rows in a snapshot at most.
const SNAPSHOT_LIMIT: usize = 10_000;
/// Maximum interval at which a quiet stream's cursor advances.
const PROGRESS: Duration = Duration::from_secs(30);
/// Maximum delay of changes that a client may request, in milliseconds.
const MAX_DELAY_MS: i32 = 60_000;

/// The argument `maxDelayMs`.
pub fn max_delay(milliseconds: i32) -> Answer<Duration> {
    if !(0..=MAX_DELAY_MS).contains(&milliseconds) {
        return Err(TopError::bad_input(format!("between 0 and {MAX_DELAY_MS} milliseconds"), vec!["maxDelayMs".to_owned()]));
    }
    Ok(Duration::from_millis(milliseconds.unsigned_abs().into()))
}

/// Opens a stream for the request's caller, whose right to it has been checked.
pub async fn open<T: Topic>(
    ctx: &Context<'_>,
    scope: TenantScope,
    topic: T,
    rights: Rights,
    options: StreamOptions,
) -> Answer<Updates<T::Change>> {
    use platform::storage::Reads;
    // Following begins before the head is read, so that no event in between is missed.
    let listener = ctx.required_data::<Hubs>()?.listen(scope.tenant(), topic.interest()).await?;
    let head = scope.head().await?;
    let signer = ctx.required_data::<CursorSigner>()?.clone();
    let stream_handle = ctx.data_opt::<Arc<StreamHandle>>().cloned();
    let feed = Feed { scope, topic, options, signer, head, listener, stream_handle };
    Ok(feed.run(rights).boxed())
}

/// One subscriber's stream, or that of a cohort.
struct Feed<T> {
    scope: TenantScope,
    topic: T,
    options: StreamOptions,
    signer: CursorSigner,
    /// The head when it began, with its epoch.
    head: Head,
    listener: Listener,
    stream_handle: Option<Arc<StreamHandle>>,
}

/// Start of a stream.
enum StreamStart {
    After(i64),
    Snapshot,
    Reset(ResetReason),
}

/// Next step of a stream.
enum Step<C> {
    Say(Update<C>),
    /// The member has reached the cohort.
    Joined,
    /// The stream cannot be continued.
    Over(ResetReason),
    /// Other rights of the caller have changed.
    Rights,
}

fn reset<C>(reason: ResetReason) -> Update<C> {
    Update { phase: StreamPhase::Reset, cursor: None, changes: Vec::new(), reset: Some(reason), recorded: None }
}

/// Returns the last update of a stream, and counts it.
fn last<C>(reason: ResetReason) -> Update<C> {
    metrics::count_stream_reset(reason.as_str());
    reset(reason)
}

impl<T: Topic> Feed<T> {
    fn run(mut self, mut rights: Rights) -> impl futures_util::Stream<Item = Answer<Update<T::Change>>> + use<T> {
        async_stream::stream! {
            match self.begin() {
                StreamStart::Reset(_) if self.is_leader() => return,
                StreamStart::Reset(reason) => {
                    yield Ok(last(reason));
                    return;
                }
                StreamStart::After(seq) => self.listener.resume_after(seq),
                StreamStart::Snapshot => {
                    self.listener.resume_after(self.head.seq);
                    let mut page_start = None;
                    let mut sent_rows = 0;
                    loop {
                        if rights.now() == Some(RightsChange::Scope) {
                            yield Ok(last(ResetReason::ScopeChanged));
                            return;
                        }
                        let page = self.snapshot_page(&mut page_start, &mut sent_rows).await;
                        let may_continue = page.is_ok();
                        self.set_item_meta(page.as_ref().ok());
                        yield page;
                        if !may_continue { return; }
                        if page_start.is_none() { break; }
                    }
                }
            }
            let cohort_position = self.enter().await;
            let mut last_position = self.listener.last();
            loop {
                let step = tokio::select! {
                    biased;
                    changed = rights.wait_for_change(), if !self.is_leader() => Ok(match changed {
                        RightsChange::Scope => Step::Over(ResetReason::ScopeChanged),
                        RightsChange::Else => Step::Rights,
                    }),
                    step = self.step(cohort_position) => step,
                };
                match step {
                    Ok(Step::Say(update)) => {
                        self.report_position();
                        self.set_item_meta(Some(&update));
                        last_position = self.listener.last();
                        yield Ok(update);
                    }
                    // The runner continues alone: with this stream, once the rights have changed.
                    // The engine's data for the stream is no longer needed.
                    Ok(Step::Joined) => {
                        self.join(rights);
                        yield Ok(reset(ResetReason::ScopeChanged));
                        return;
                    }
                    // The other members continue alone, and get the reason there.
                    Ok(Step::Over(_)) if self.is_leader() => return,
                    Ok(Step::Over(reason)) => {
                        self.set_item_meta(None);
                        yield Ok(last(reason));
                        return;
                    }
                    Ok(Step::Rights) if self.stream_handle.is_some() => {
                        self.request_restart();
                        return;
                    }
                    Ok(Step::Rights) => {
                        rights.accept();
                        // The item that was under way when the rights changed is made again.
                        self.listener.resume_after(last_position);
                    }
                    Err(fault) => {
                        yield Err(TopError::from(fault));
                        return;
                    }
                }
            }
        }
    }

    fn is_leader(&self) -> bool {
        matches!(self.stream_handle.as_deref(), Some(StreamHandle { role: Role::Leader, .. }))
    }

    fn begin(&self) -> StreamStart {
        use platform::storage::Reads;
        if let Some(stream_handle) = &self.stream_handle {
            stream_handle.follow(self.head.epoch, &self.options.name.now);
        }
        let after_cursor = match self.stream_handle.as_ref().and_then(|stream_handle| stream_handle.begin.as_ref()) {
            Some(stream_handle::StartPosition::After(stop)) => return self.resume_from(stop),
            _ if self.is_leader() => return StreamStart::After(self.listener.position()),
            Some(stream_handle::StartPosition::Cursor(cursor)) => Some(cursor),
            None => self.options.after.as_ref(),
        };
        match after_cursor {
            None => StreamStart::Snapshot,
            Some(cursor) => match stream::open_cursor(&self.signer, self.scope.tenant(), self.head, &self.options.name, cursor) {
                Ok(seq) => StreamStart::After(seq),
                Err(reason) => StreamStart::Reset(reason),
            },
        }
    }

    /// Continues after an earlier run, unless the journal or the followed rows have changed
    /// meanwhile.
    fn resume_from(&self, stop: &StopPosition) -> StreamStart {
        match stream::check_continuation(self.head, stop.seq, stop.epoch) {
            Ok(()) if *stop.name != self.options.name.now => StreamStart::Reset(ResetReason::ScopeChanged),
            Ok(()) => StreamStart::After(stop.seq),
            Err(reason) => StreamStart::Reset(reason),
        }
    }

    /// Returns the position of the cohort, or `None` for a stream that continues by itself.
    async fn enter(&self) -> Option<i64> {
        let stream_handle = self.stream_handle.as_ref()?;
        stream_handle.report_position(self.listener.last());
        // Nothing is being made: everything before this was passed on.
        stream_handle.mark_passed();
        match &stream_handle.role {
            Role::Leader => {
                stream_handle.notify_settled();
                None
            }
            Role::Member(enter) => enter().await,
        }
    }

    fn report_position(&self) {
        if let Some(stream_handle) = &self.stream_handle {
            stream_handle.report_position(self.listener.last());
        }
    }

    fn set_item_meta(&self, update: Option<&Update<T::Change>>) {
        if let Some(stream_handle) = &self.stream_handle {
            let meta = |update: &Update<T::Change>| ItemMeta { cursor: update.cursor.clone(), recorded: update.recorded };
            stream_handle.set_meta(update.map(meta).unwrap_or_default());
        }
    }

    /// Hands the stream over to its runner: the cohort's leader sends the following items.
    fn join(&self, rights: Rights) {
        self.report_position();
        self.set_item_meta(None);
        if let Some(stream_handle) = &self.stream_handle {
            stream_handle.hand_over(rights);
        }
    }

    fn request_restart(&self) {
        if let Some(stream_handle) = &self.stream_handle {
            stream_handle.request_restart();
        }
    }

    fn cursor(&self, seq: i64) -> Cursor {
        use platform::storage::Reads;
        stream::cursor(&self.signer, self.scope.tenant(), self.head.epoch, seq, &self.options.name)
    }

    /// Returns the next page of the snapshot. Pages may be newer than the noted head; versions and
    /// seqs make the overlap harmless.
    async fn snapshot_page(&self, page_start: &mut Option<Vec<Key>>, sent_rows: &mut usize) -> Answer<Update<T::Change>> {
        let SnapshotPage { changes, next } = self.topic.page(&self.scope, page_start.take()).await?;
        *sent_rows += changes.len();
        if next.is_some() && *sent_rows >= SNAPSHOT_LIMIT {
            return Err(TopError::limit_exceeded(
                format!(
                    "more than {SNAPSHOT_LIMIT} rows: narrow the filter, or page the list and subscribe after its streamCursor"
                ),
                Vec::new(),
            ));
        }
        *page_start = next;
        // There is no cursor to resume from before the whole snapshot was sent.
        let (phase, cursor) = match page_start {
            Some(_) => (StreamPhase::Snapshot, None),
            None => (StreamPhase::Ready, Some(self.cursor(self.head.seq))),
        };
        Ok(Update { phase, cursor, changes, reset: None, recorded: None })
    }

    /// Waits for the next update: relevant changes, or the passage of time.
    async fn step(&mut self, cohort_position: Option<i64>) -> Result<Step<T::Change>, Fault> {
        let since = Instant::now();
        loop {
            if cohort_position.is_some_and(|cohort_position| self.listener.last() >= cohort_position) {
                return Ok(Step::Joined);
            }
            let events = match self.listener.next_until(cohort_position, PROGRESS).await? {
                NextEvents::Events(events) => events,
                NextEvents::Quiet => Vec::new(),
                NextEvents::Expired => return Ok(Step::Over(ResetReason::CursorExpired)),
                NextEvents::Another => return Ok(Step::Over(ResetReason::EpochChanged)),
            };
            let recorded = self.first_recorded(&events);
            let mut changes = self.topic.changes(&self.scope, &events).await?;
            if !changes.is_empty() {
                if !self.options.delay.is_zero() {
                    changes = self.collect_and_conflate(changes, cohort_position).await?;
                }
                return Ok(Step::Say(Update { recorded, ..self.update(StreamPhase::Live, changes) }));
            }
            if since.elapsed() >= PROGRESS {
                return Ok(Step::Say(self.update(StreamPhase::Progress, Vec::new())));
            }
        }
    }

    fn update(&self, phase: StreamPhase, changes: Vec<T::Change>) -> Update<T::Change> {
        Update { phase, cursor: Some(self.cursor(self.listener.last())), changes, reset: None, recorded: None }
    }

    /// Returns the time when the oldest of these events was recorded, if they are sent as they
    /// come: events that are read up, or delayed by the client's option, are late for other
    /// reasons.
    fn first_recorded(&self, events: &[Arc<SharedEvent>]) -> Option<RecordingTime> {
        let is_immediate = self.options.delay.is_zero() && (self.is_leader() || self.listener.is_live());
        let event = &events.first().filter(|_| is_immediate)?.event;
        let trace_id = traces::trace_of_payload(&event.payload).as_ref().and_then(TraceContext::recorded_id);
        Some(RecordingTime { at: event.recorded_at, trace_id })
    }

    /// Collects further events within the delay and keeps the newest state of each row.
    async fn collect_and_conflate(&mut self, first_changes: Vec<T::Change>, limit: Option<i64>) -> Result<Vec<T::Change>, Fault> {
        let deadline = Instant::now() + self.options.delay;
        let mut newest: BTreeMap<T::Row, T::Change> = BTreeMap::new();
        let mut keep = |changes: Vec<T::Change>| newest.extend(changes.into_iter().map(|change| (T::row(&change), change)));
        keep(first_changes);
        while let Some(remaining) = deadline.checked_duration_since(Instant::now()).filter(|remaining| !remaining.is_zero()) {
            if limit.is_some_and(|limit| self.listener.last() >= limit) {
                break;
            }
            // The next step handles events that are no longer kept and a changed journal.
            let NextEvents::Events(events) = self.listener.next_until(limit, remaining).await? else { break };
            let changes = self.topic.changes(&self.scope, &events).await?;
            keep(changes);
        }
        let mut changes: Vec<_> = newest.into_values().collect();
        changes.sort_by_key(T::seq);
        Ok(changes)
    }
}
