//! `savedViewChanged`: a view's result, sent again each time that it changes.

use std::{sync::Arc, time::Duration};

use async_graphql::Context;
use entity::prelude::{SavedViewId, TenantId};
use futures_util::Stream;
use iam::access::{Permit, kind, permit};
use macros::resolvers;
use platform::{
    audit::Origin,
    metrics,
    paging::{CursorSigner, Key},
    realtime::SharedEvent,
    storage::{Fault, journal::Head},
};
use serde_json::json;
use services::saved_views::{
    SavedViews,
    core::{InvalidatedBy, MAX_LIVE_BYTES, Variables, ViewRef, noun},
    shell::{DocumentRefusal, ReadError, ViewRequest, ViewResult},
};
use tokio::time::Instant;

use super::{
    query::{DEFAULT_RETRY_MS, read_error},
    update::{SavedViewUpdate, subscribe_error},
    view_ref::{SavedViewRef, parse_variables, parse_view_ref},
};
use crate::{
    access::KeyUse,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{Cursor, Json},
    },
    live::{
        readings::{MIN_REFRESH_INTERVAL, RefreshSchedule, WakeReason},
        stream::{self, ResetReason, StreamPhase},
        stream_handle::{ItemMeta, StartPosition, StreamHandle},
    },
};

/// Maximum time between two reads: a change of the date is no event.
const MAX_READ_INTERVAL: Duration = Duration::from_hours(1);

#[derive(Default)]
pub struct SavedViewSubscription;

#[resolvers(subscription)]
impl SavedViewSubscription {
    /// Data of a saved view, read with your own rights: once (READY), then again, at most once a second, after changes of what it shows (LIVE). Data that
    /// is the same is not sent again. Each reading charges your rate limit with the points of the document, which may be 200 at most.
    #[field(permit = ViewRead)]
    async fn saved_view_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "View.")] view: SavedViewRef,
        #[graphql(desc = "Values of the view's variables, as an object. Variables left out have the view's own values.")]
        variables: Option<Json>,
        #[graphql(
            desc = "Go on after this cursor, of this stream with the same view and variables: unchanged data is not sent. Null sends the data at once."
        )]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Answer<SavedViewUpdate>> + use<>, TopError> {
        let (view_ref, variables) = (parse_view_ref(view, "view")?, parse_variables(variables)?);
        Ok(SavedViewFollower::open(ctx, permit, (view_ref, variables), after).await?.run())
    }
}

/// Subscription of one caller to one saved view.
struct SavedViewFollower {
    saved_views: SavedViews,
    readings: RefreshSchedule,
    stream_handle: Option<Arc<StreamHandle>>,
    positions: ViewCursors,
    view: SavedViewId,
    variables: Variables,
    request: ViewRequest,
    moved_by: InvalidatedBy,
    /// True if the view itself has changed since the last read.
    is_edited: bool,
    /// Hash of the result that was sent last, or the reason why the cursor cannot be continued.
    sent_hash: Result<Option<String>, ResetReason>,
    /// `seq` of the last event that the last read includes.
    seq: i64,
}

/// Makes cursors of one view with its variables.
struct ViewCursors {
    signer: CursorSigner,
    tenant: TenantId,
    head: Head,
    /// Name of the view and the variables.
    name: String,
}

impl ViewCursors {
    fn kind(&self) -> String {
        format!("savedView:{}", self.tenant)
    }

    fn cursor(&self, seq: i64, hash: &str) -> Cursor {
        let keys = [Key::Id(self.head.epoch), Key::Int(seq), Key::Text(self.name.clone()), Key::Text(hash.to_owned())];
        Cursor(self.signer.sign(&self.kind(), &keys))
    }

    /// Returns the hash of the result that a cursor follows. Each result is complete, so no cursor
    /// is too old.
    fn open(&self, cursor: &Cursor) -> Result<String, ResetReason> {
        let keys = self.signer.open(&self.kind(), &cursor.0).ok_or(ResetReason::CursorForeign)?;
        let [Key::Id(epoch), Key::Int(seq), Key::Text(name), Key::Text(hash)] = keys.as_slice() else {
            return Err(ResetReason::CursorForeign);
        };
        if *name != self.name {
            return Err(ResetReason::CursorForeign);
        }
        match stream::check_continuation(self.head, *seq, *epoch) {
            Ok(()) | Err(ResetReason::CursorExpired) => Ok(hash.clone()),
            Err(reason) => Err(reason),
        }
    }
}

enum Step {
    Read,
    Over(ResetReason),
}

impl SavedViewFollower {
    async fn open(
        ctx: &Context<'_>,
        permit: Permit<kind::ViewRead>,
        (view_ref, variables): (ViewRef, Variables),
        after: Option<Cursor>,
    ) -> Answer<Self> {
        let saved_views = ctx.required_data::<SavedViews>()?.clone();
        let (readings, head) = RefreshSchedule::open(ctx, &permit, saved_views.database()).await?;
        let live = Box::pin(saved_views.find_live_view(&permit, &view_ref, &variables)).await.map_err(subscribe_error)?;
        let view = live.view.id;
        let name = stream::filter_name(json!({ "view": view, "variables": variables }), "").now;
        let positions = ViewCursors { signer: ctx.required_data::<CursorSigner>()?.clone(), tenant: permit.tenant(), head, name };
        let stream_handle = ctx.data_opt::<Arc<StreamHandle>>().cloned();
        let start_cursor = match stream_handle.as_ref().and_then(|stream_handle| stream_handle.begin.as_ref()) {
            Some(StartPosition::Cursor(cursor)) => Some(cursor.clone()),
            Some(StartPosition::After(_)) | None => after,
        };
        Ok(Self {
            sent_hash: start_cursor.map(|cursor| positions.open(&cursor)).transpose(),
            saved_views,
            readings,
            stream_handle,
            positions,
            view,
            variables,
            request: ViewRequest {
                key: ctx.data_opt::<KeyUse>().map(|used| used.key),
                origin: ctx.data_opt::<Origin>().cloned().unwrap_or_default(),
                is_within: false,
            },
            moved_by: live.moved_by,
            is_edited: false,
            seq: head.seq,
        })
    }

    fn run(mut self) -> impl Stream<Item = Answer<SavedViewUpdate>> + use<> {
        async_stream::stream! {
            if let Err(reason) = self.sent_hash {
                yield Ok(self.reset_update(reason));
                return;
            }
            loop {
                match self.step().await {
                    Ok(Step::Read) => {}
                    Ok(Step::Over(reason)) => {
                        yield Ok(self.reset_update(reason));
                        return;
                    }
                    Err(fault) => {
                        yield Err(TopError::from(fault));
                        return;
                    }
                }
                match Box::pin(self.read()).await {
                    Ok(Some(update)) => {
                        self.record_position(update.cursor.clone());
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

    fn reset_update(&self, reason: ResetReason) -> SavedViewUpdate {
        metrics::count_stream_reset(reason.as_str());
        self.record_position(None);
        SavedViewUpdate::reset_update(reason)
    }

    fn record_position(&self, cursor: Option<Cursor>) {
        if let Some(stream_handle) = &self.stream_handle {
            stream_handle.set_meta(ItemMeta { cursor, recorded: None });
        }
    }

    /// Waits until the view has to be read again.
    async fn step(&mut self) -> Result<Step, Fault> {
        loop {
            match self.readings.next_wake().await? {
                WakeReason::Read => return Ok(Step::Read),
                WakeReason::Events(events) => events.iter().for_each(|shared_event| self.apply_event(shared_event)),
                WakeReason::Missed(_) => {
                    self.is_edited = true;
                    self.readings.bring_forward();
                }
                WakeReason::Rights => self.readings.accept(),
                WakeReason::Over(reason) => return Ok(Step::Over(reason)),
            }
        }
    }

    fn apply_event(&mut self, shared_event: &SharedEvent) {
        let event_type = shared_event.event.kind.as_str();
        if noun(event_type) == "saved_view" {
            self.is_edited = true;
            self.readings.bring_forward();
        } else if shared_event.seq() > self.seq && self.moved_by.includes(event_type) {
            self.readings.bring_forward();
        }
    }

    /// Reads the view, and returns an update if the result has changed.
    async fn read(&mut self) -> Answer<Option<SavedViewUpdate>> {
        let caller = self.readings.rights.current_caller().ok_or(TopError::Unauthenticated)?;
        let permit = permit::<kind::ViewRead>(&caller)?;
        let (started_at, view_ref) = (Instant::now(), ViewRef::Id(self.view));
        self.readings.schedule_next(started_at, MAX_READ_INTERVAL);
        if std::mem::take(&mut self.is_edited) {
            self.moved_by =
                self.saved_views.find_live_view(&permit, &view_ref, &self.variables).await.map_err(subscribe_error)?.moved_by;
        }
        let view_read = self.saved_views.read(&permit, &view_ref, self.variables.clone(), self.request.clone()).await;
        let result = match view_read {
            Ok(result) => result,
            Err(ReadError::Refused(refused)) if let Some(wait) = self.retry_pause(&refused) => {
                self.readings.pause_until(started_at + wait);
                return Ok(None);
            }
            Err(error) => return Err(read_error(error)),
        };
        if result.bytes > MAX_LIVE_BYTES {
            let message = format!("the view shows more than {MAX_LIVE_BYTES} bytes: ask for smaller pages");
            return Err(TopError::limit_exceeded(message, Vec::new()));
        }
        // The rights have changed during the read: the next step reads with the new ones.
        if self.readings.rights.now().is_some() {
            return Ok(None);
        }
        Ok(self.next_update(result))
    }

    /// Returns the update to send; None if the result equals the one that was sent last.
    fn next_update(&mut self, result: ViewResult) -> Option<SavedViewUpdate> {
        self.seq = result.seq;
        let phase = match &self.sent_hash {
            Ok(Some(hash)) if *hash == result.hash => return None,
            Ok(Some(_)) => StreamPhase::Live,
            Ok(None) | Err(_) => StreamPhase::Ready,
        };
        self.sent_hash = Ok(Some(result.hash.clone()));
        Some(SavedViewUpdate::of(phase, self.positions.cursor(result.seq, &result.hash), result))
    }

    /// Returns the pause after a temporary refusal; None for any other refusal, and before the
    /// first read: these are answered at once.
    fn retry_pause(&self, refusal: &DocumentRefusal) -> Option<Duration> {
        let has_begun = matches!(self.sent_hash, Ok(Some(_)));
        let may_pass = matches!(refusal.code.as_str(), "RATE_LIMITED" | "OVERLOADED" | "UNAVAILABLE");
        let pause = Duration::from_millis(refusal.retry_after_ms.unwrap_or(DEFAULT_RETRY_MS));
        (has_begun && may_pass).then(|| pause.max(MIN_REFRESH_INTERVAL))
    }
}
