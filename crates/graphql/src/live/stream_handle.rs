//! State that a stream shares with its runner: the stream's position, and whether another stream
//! continues it.
//!
//! It is in the data of a subscription's request. A stream without one does not join others.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use entity::prelude::Timestamp;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use uuid::Uuid;

use super::rights::Rights;
use crate::scalars::Cursor;

/// Joins the cohort; returns its position, or `None` if there is no cohort to join.
pub type JoinFn = Arc<dyn Fn() -> BoxFuture<'static, Option<i64>> + Send + Sync>;

#[derive(Clone)]
pub enum Role {
    /// Sends new events to all members of the cohort. Rights are the members' responsibility.
    Leader,
    /// Brings one subscriber to the position of the cohort.
    Member(JoinFn),
}

/// Shared by a stream and its runner.
pub struct StreamHandle {
    pub role: Role,
    /// Start of the stream, which takes precedence over the operation's own.
    pub begin: Option<StartPosition>,
    sent_seq: AtomicI64,
    passed_seq: AtomicI64,
    /// Epoch of the journal and name of the filter, set when the stream has begun.
    followed: OnceLock<(Uuid, Arc<str>)>,
    /// Metadata of the last item.
    meta: Mutex<Arc<ItemMeta>>,
    again: AtomicBool,
    settled: Notify,
    /// Rights of a member that has joined the others, until its runner takes them. Boxed, as the
    /// handle lives on without them.
    rights: Mutex<Option<Box<Rights>>>,
}

/// Metadata of an item, besides its changes.
#[derive(Debug, Default)]
pub struct ItemMeta {
    /// Cursor after which the stream can be continued.
    pub cursor: Option<Cursor>,
    /// Time when the oldest event of the item was recorded, if the item is sent as it happens.
    pub recorded: Option<RecordingTime>,
}

/// Time when an event was recorded, and the ID of its trace, if that is recorded too.
#[derive(Debug, Clone, Copy)]
pub struct RecordingTime {
    pub at: Timestamp,
    pub trace_id: Option<u128>,
}

/// Start of a stream that differs from its operation's own.
#[derive(Debug, Clone)]
pub enum StartPosition {
    /// After an earlier run.
    After(StopPosition),
    /// The client has a cursor beside its operation: the `Last-Event-ID` of an event stream.
    Cursor(Cursor),
}

/// End of a run, after which another run continues.
#[derive(Debug, Clone)]
pub struct StopPosition {
    pub seq: i64,
    /// Epoch of the journal.
    pub epoch: Uuid,
    /// Name of the filter: another name means other rows.
    pub name: Arc<str>,
}

/// Position of a stream that has sent nothing to resume after.
const NO_POSITION: i64 = -1;

impl StreamHandle {
    pub fn new(role: Role, begin: Option<StartPosition>) -> Arc<Self> {
        let seq = if let Some(StartPosition::After(stop)) = &begin { stop.seq } else { NO_POSITION };
        Arc::new(Self {
            role,
            begin,
            sent_seq: seq.into(),
            passed_seq: seq.into(),
            followed: OnceLock::new(),
            meta: Mutex::default(),
            again: AtomicBool::new(false),
            settled: Notify::new(),
            rights: Mutex::default(),
        })
    }

    /// Sets the metadata of the item that is being made.
    pub fn set_meta(&self, meta: ItemMeta) {
        *self.meta.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(meta);
    }

    pub fn meta(&self) -> Arc<ItemMeta> {
        self.meta.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records the beginning of the stream: the journal's epoch and the name of the filter.
    pub fn follow(&self, epoch: Uuid, name: &str) {
        // A handle belongs to one run, which follows one filter.
        let _ = self.followed.set((epoch, name.into()));
    }

    pub fn follows(&self) -> bool {
        self.followed.get().is_some()
    }

    /// Returns the start of the next run, or `None` if there is no position from which to continue.
    pub fn next_begin(&self) -> Option<StartPosition> {
        let (epoch, name) = self.followed.get()?.clone();
        Some(StartPosition::After(StopPosition { seq: self.passed_position()?, epoch, name }))
    }

    /// Records that the item in the making covers all events up to this one.
    pub fn report_position(&self, seq: i64) {
        self.sent_seq.store(seq, Ordering::Release);
    }

    /// Records that the item was made and passed on: it need not be made again.
    pub fn mark_passed(&self) {
        self.passed_seq.store(self.sent_seq.load(Ordering::Acquire), Ordering::Release);
    }

    pub fn reported_position(&self) -> Option<i64> {
        Some(self.sent_seq.load(Ordering::Acquire)).filter(|seq| *seq != NO_POSITION)
    }

    pub fn passed_position(&self) -> Option<i64> {
        Some(self.passed_seq.load(Ordering::Acquire)).filter(|seq| *seq != NO_POSITION)
    }

    /// Records that a member has reached the cohort, at the position `reported_position`. The rights are for its
    /// last item, when they change.
    pub fn hand_over(&self, rights: Rights) {
        *self.rights.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(rights));
    }

    /// Takes the rights of a member that has just joined.
    pub fn take_over(&self) -> Option<Box<Rights>> {
        self.rights.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Records that a leader has begun, at the position `reported_position`.
    pub fn notify_settled(&self) {
        self.settled.notify_one();
    }

    pub async fn wait_until_settled(&self) {
        self.settled.notified().await;
    }

    /// The stream ends so that it can be restarted with other rights.
    pub fn request_restart(&self) {
        self.again.store(true, Ordering::Release);
    }

    pub fn is_restart_requested(&self) -> bool {
        self.again.load(Ordering::Acquire)
    }
}
