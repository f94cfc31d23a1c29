//! Subscribers with equal queries and equal rights: each event is executed and written once, and
//! all of them get the same bytes.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use futures_util::StreamExt;
use tokio::{
    sync::{broadcast, watch},
    task::JoinHandle,
};

use super::{
    backoff::Backoff,
    stream_handle::{ItemMeta, StartPosition, StreamHandle},
};
use crate::{answer::Answer, operation::Answers};

/// Frames that a member may lag behind before it has to catch up by its own stream.
const FRAMES: usize = 256;
/// Maximum size of those frames, in bytes. The newest one is kept whatever its size, as otherwise
/// no member would get it.
const BYTES: usize = 256 << 10;

/// Digest of all parts that make two subscriptions equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CohortKey([u8; 32]);

impl CohortKey {
    pub fn of<Part: AsRef<[u8]>>(parts: &[Part]) -> Self {
        use sha2::{Digest, Sha256};
        let mut digest = Sha256::new();
        for part in parts {
            let part: &[u8] = part.as_ref();
            // The length keeps different pairs of parts from having the same digest.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }

    /// Returns the key of the callers with this likeness among those that sent the same operation.
    #[must_use]
    pub fn with_visibility_name(self, likeness: &str) -> Self {
        Self::of(&[&self.0[..], likeness.as_bytes()])
    }
}

/// An answer that all members get.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The frame covers all events after `after`, up to and including `through`.
    pub after: i64,
    pub through: i64,
    pub json: Arc<Text>,
    pub meta: Arc<ItemMeta>,
}

/// A frame's JSON, until it is removed from members that lag behind.
#[derive(Debug)]
pub struct Text(Mutex<Option<Arc<[u8]>>>);

impl Text {
    pub fn get(&self) -> Option<Arc<[u8]>> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<[u8]>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The frames that some member may not have taken yet.
#[derive(Default)]
struct PendingFrames {
    texts: VecDeque<(Weak<Text>, usize)>,
    bytes: usize,
}

impl PendingFrames {
    /// Adds a frame's text; if there is no room, the oldest texts are removed.
    fn push(&mut self, json: Vec<u8>) -> Arc<Text> {
        let text = Arc::new(Text(Mutex::new(Some(json.into()))));
        let bytes = text.lock().as_ref().map_or(0, |json| json.len());
        self.bytes += bytes;
        self.texts.push_back((Arc::downgrade(&text), bytes));
        // Frames that all members have taken are released already, and members take frames in
        // order.
        let is_over = |(text, _): &(Weak<Text>, usize)| text.strong_count() == 0;
        while self.texts.len() > 1 && (self.bytes > BYTES || self.texts.front().is_some_and(is_over)) {
            let Some((oldest, bytes)) = self.texts.pop_front() else { break };
            self.bytes -= bytes;
            if let Some(text) = oldest.upgrade() {
                *text.lock() = None;
            }
        }
        text
    }
}

impl Frame {
    /// Whether the frame has nothing new for a member that has received everything up to this
    /// event. A frame for the passage of time is new to all.
    pub fn is_stale_for(&self, received_position: i64) -> bool {
        self.through < received_position || self.through == received_position && self.after < received_position
    }
}

/// A member's receiving end.
pub struct CohortMember {
    pub frames: broadcast::Receiver<Frame>,
    /// Frames begin after this event.
    pub position: i64,
    /// Keeps the cohort alive.
    _cohort: Arc<Cohort>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Starting,
    Runs,
    StreamEndGuard,
}

struct FrameStream {
    stage: watch::Sender<Stage>,
    open: Mutex<OpenFrames>,
}

struct OpenFrames {
    /// `None` once no more frames will come.
    frames: Option<broadcast::Sender<Frame>>,
    position: i64,
}

impl FrameStream {
    fn lock(&self) -> MutexGuard<'_, OpenFrames> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Cohort {
    line: Arc<FrameStream>,
    leader: JoinHandle<()>,
    cohort_key: CohortKey,
    cohorts: Weak<CohortMap>,
}

/// Makes a cohort's leader, which continues from the given position. `None` if it can no longer
/// lead these members.
pub trait StartLeader: Fn(Option<StartPosition>) -> Option<(Answers, Arc<StreamHandle>)> + Send + 'static {}
impl<L: Fn(Option<StartPosition>) -> Option<(Answers, Arc<StreamHandle>)> + Send + 'static> StartLeader for L {}

type CohortMap = Mutex<HashMap<CohortKey, Weak<Cohort>>>;

impl Drop for Cohort {
    fn drop(&mut self) {
        self.leader.abort();
        let Some(cohorts) = self.cohorts.upgrade() else { return };
        let mut cohorts = cohorts.lock().unwrap_or_else(PoisonError::into_inner);
        // Another cohort may have taken its place by now.
        if cohorts.get(&self.cohort_key).is_some_and(|cohort| cohort.strong_count() == 0) {
            cohorts.remove(&self.cohort_key);
        }
    }
}

/// The cohorts of a node; clones share them.
#[derive(Clone, Default)]
pub struct Cohorts(Arc<CohortMap>);

impl Cohorts {
    /// Joins the cohort of this key, or founds it with a leader. `None` if the leader cannot start.
    pub async fn join(&self, cohort_key: CohortKey, lead: impl StartLeader) -> Option<CohortMember> {
        let cohort = self.get_or_start(cohort_key, lead)?;
        let mut stage = cohort.line.stage.subscribe();
        let runs = *stage.wait_for(|stage| *stage != Stage::Starting).await.ok()? == Stage::Runs;
        if !runs {
            return None;
        }
        let line = cohort.line.clone();
        let open = line.lock();
        let frames = open.frames.as_ref()?.subscribe();
        Some(CohortMember { frames, position: open.position, _cohort: cohort })
    }

    fn get_or_start(&self, cohort_key: CohortKey, lead: impl StartLeader) -> Option<Arc<Cohort>> {
        // Declared before the lock, so that it is dropped after it: the last reference to a cohort
        // removes the cohort from the map.
        let existing;
        let mut cohorts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        existing = cohorts.get(&cohort_key).and_then(Weak::upgrade);
        if let Some(cohort) = existing.as_ref().filter(|cohort| *cohort.line.stage.borrow() != Stage::StreamEndGuard) {
            return Some(cohort.clone());
        }
        let leader = lead(None)?;
        let open = OpenFrames { frames: Some(broadcast::channel(FRAMES).0), position: 0 };
        let line = Arc::new(FrameStream { stage: watch::Sender::new(Stage::Starting), open: Mutex::new(open) });
        let leader = tokio::spawn(run(lead, leader, line.clone()));
        let cohort = Arc::new(Cohort { line, leader, cohort_key, cohorts: Arc::downgrade(&self.0) });
        cohorts.insert(cohort_key, Arc::downgrade(&cohort));
        Some(cohort)
    }

    /// Returns the number of cohorts.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Hands a leader's answers to the members, until it ends.
async fn run(lead: impl StartLeader, (mut answers, mut stream_handle): (Answers, Arc<StreamHandle>), line: Arc<FrameStream>) {
    let end_guard = StreamEndGuard(line.clone());
    let (mut has_begun, mut waiting, mut backoff, mut begin) = (false, PendingFrames::default(), Backoff::default(), None);
    loop {
        let answer = tokio::select! {
            () = stream_handle.wait_until_settled(), if !has_begun => {
                has_begun = true;
                // An item may be in the making already: it becomes the members' first.
                line.lock().position = stream_handle.passed_position().unwrap_or_default();
                line.stage.send_replace(Stage::Runs);
                continue;
            }
            answer = answers.next() => answer,
        };
        match (answer, stream_handle.reported_position()) {
            (Some(Answer::Ran { json, .. }), Some(through)) => {
                stream_handle.mark_passed();
                backoff = Backoff::default();
                let mut open = line.lock();
                let after = std::mem::replace(&mut open.position, through);
                if let Some(frames) = &open.frames {
                    let _ = frames.send(Frame { after, through, json: waiting.push(json), meta: stream_handle.meta() });
                }
            }
            // All members wait for the leader's retry, instead of each retrying by itself, and then
            // continue from their position.
            (Some(Answer::Refused(errors)), _) if has_begun && errors.code.may_pass() => {
                begin = stream_handle.next_begin().or(begin);
                backoff.wait().await;
                let Some(leader) = lead(begin.clone()) else { break };
                (answers, stream_handle) = leader;
            }
            // Without an answer, or after a failed one, each member continues by its own stream and
            // gets the reason there.
            _ => break,
        }
    }
    drop(end_guard);
}

/// Ends the line whenever the leader ends, for whatever reason.
struct StreamEndGuard(Arc<FrameStream>);

impl Drop for StreamEndGuard {
    fn drop(&mut self) {
        self.0.lock().frames = None;
        self.0.stage.send_replace(Stage::StreamEndGuard);
    }
}
