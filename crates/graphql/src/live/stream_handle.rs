//! What a stream and whoever runs it tell each other: where the stream stands, and whether it is carried on by somebody else.
//!
//! In the data of a subscription's request. A stream that finds none runs all by itself.

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

/// Joins those who ask for the same; gives where they stand, or None when nobody can be joined.
pub type JoinFn = Arc<dyn Fn() -> BoxFuture<'static, Option<i64>> + Send + Sync>;

#[derive(Clone)]
pub enum Role {
    /// Says what happens from now on, for all who ask for the same. Rights are their business.
    Leader,
    /// Brings one subscriber to where the others are.
    Member(JoinFn),
}

/// Shared by a stream and its runner.
pub struct StreamHandle {
    pub role: Role,
    /// Where to begin, whatever the operation says.
    pub begin: Option<Begin>,
    said: AtomicI64,
    passed: AtomicI64,
    /// What is followed, once it is.
    followed: OnceLock<(Uuid, Arc<str>)>,
    /// Of the last item.
    meta: Mutex<Arc<ItemMeta>>,
    again: AtomicBool,
    settled: Notify,
    /// Of a member that has joined the others, until its runner takes them. Boxed, as the handle lives on without them.
    rights: Mutex<Option<Box<Rights>>>,
}

/// What goes with an item beside what it says.
#[derive(Debug, Default)]
pub struct ItemMeta {
    /// Where the stream can be gone on from it.
    pub cursor: Option<Cursor>,
    /// When the oldest of what it tells was recorded, where it is told as it happens.
    pub recorded: Option<Recorded>,
}

/// When an event was recorded, and the ID of the trace that made it, if that is recorded too.
#[derive(Debug, Clone, Copy)]
pub struct Recorded {
    pub at: Timestamp,
    pub trace_id: Option<u128>,
}

/// Where a stream begins that does not begin as its operation says.
#[derive(Debug, Clone)]
pub enum Begin {
    /// It was already running.
    After(Stop),
    /// The client has a cursor beside its operation: the `Last-Event-ID` of an event stream.
    Cursor(Cursor),
}

/// Where a run ended that is gone on from.
#[derive(Debug, Clone)]
pub struct Stop {
    pub seq: i64,
    /// Of the journal.
    pub epoch: Uuid,
    /// Of what was followed: another name means other rows.
    pub name: Arc<str>,
}

/// Nothing that could be gone on after has been said.
const NOTHING: i64 = -1;

impl StreamHandle {
    pub fn new(role: Role, begin: Option<Begin>) -> Arc<Self> {
        let seq = if let Some(Begin::After(stop)) = &begin { stop.seq } else { NOTHING };
        Arc::new(Self {
            role,
            begin,
            said: seq.into(),
            passed: seq.into(),
            followed: OnceLock::new(),
            meta: Mutex::default(),
            again: AtomicBool::new(false),
            settled: Notify::new(),
            rights: Mutex::default(),
        })
    }

    /// What goes with the item that is being made.
    pub fn put(&self, meta: ItemMeta) {
        *self.meta.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(meta);
    }

    pub fn meta(&self) -> Arc<ItemMeta> {
        self.meta.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The stream has begun: the epoch and the name of what it follows.
    pub fn follow(&self, epoch: Uuid, name: &str) {
        // A handle is one run's, and that follows one thing.
        let _ = self.followed.set((epoch, name.into()));
    }

    pub fn follows(&self) -> bool {
        self.followed.get().is_some()
    }

    /// Where another run goes on; None where nothing could be gone on from.
    pub fn rest(&self) -> Option<Begin> {
        let (epoch, name) = self.followed.get()?.clone();
        Some(Begin::After(Stop { seq: self.passed()?, epoch, name }))
    }

    /// With the item that is being made everything up to this event is said.
    pub fn say(&self, seq: i64) {
        self.said.store(seq, Ordering::Release);
    }

    /// That item was made, and is on its way: it need not be made again.
    pub fn pass(&self) {
        self.passed.store(self.said.load(Ordering::Acquire), Ordering::Release);
    }

    pub fn said(&self) -> Option<i64> {
        Some(self.said.load(Ordering::Acquire)).filter(|seq| *seq != NOTHING)
    }

    pub fn passed(&self) -> Option<i64> {
        Some(self.passed.load(Ordering::Acquire)).filter(|seq| *seq != NOTHING)
    }

    /// A member has reached the others: `said` tells where. Its last item is for when these rights have changed.
    pub fn hand_over(&self, rights: Rights) {
        *self.rights.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(rights));
    }

    /// The rights of a member that has just joined.
    pub fn take_over(&self) -> Option<Box<Rights>> {
        self.rights.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A leader has begun: `said` tells where.
    pub fn settle(&self) {
        self.settled.notify_one();
    }

    pub async fn settled(&self) {
        self.settled.notified().await;
    }

    /// The stream ends so that it can be begun again with other rights.
    pub fn ask_again(&self) {
        self.again.store(true, Ordering::Release);
    }

    pub fn is_asked_again(&self) -> bool {
        self.again.load(Ordering::Acquire)
    }
}
