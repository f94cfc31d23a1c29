//! Those who ask for the same and may see the same: what happens is worked out and written once, and all of them get the same bytes.

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
    stream_handle::{Begin, ItemMeta, StreamHandle},
};
use crate::{answer::Answer, operation::Answers};

/// Frames that a member may lag behind before it has to read up by itself.
const FRAMES: usize = 256;
/// What those frames may hold, in bytes. The newest one is kept however large it is, or nobody would ever get it.
const BYTES: usize = 256 << 10;

/// What makes two subscriptions the same, as a digest of all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CohortKey([u8; 32]);

impl CohortKey {
    pub fn of<Part: AsRef<[u8]>>(parts: &[Part]) -> Self {
        use sha2::{Digest, Sha256};
        let mut digest = Sha256::new();
        for part in parts {
            let part: &[u8] = part.as_ref();
            // The length keeps two parts from being read as two others.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }

    /// The key of those who are alike among those who send the same.
    #[must_use]
    pub fn with_likeness(self, likeness: &str) -> Self {
        Self::of(&[&self.0[..], likeness.as_bytes()])
    }
}

/// An answer that all members get.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Everything after this event, up to that one, has been said with it.
    pub after: i64,
    pub through: i64,
    pub json: Arc<Text>,
    pub meta: Arc<ItemMeta>,
}

/// A frame's JSON, until it is taken away from those who lag behind.
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
struct Waiting {
    texts: VecDeque<(Weak<Text>, usize)>,
    bytes: usize,
}

impl Waiting {
    /// A frame's text; the oldest go that there is no room for.
    fn push(&mut self, json: Vec<u8>) -> Arc<Text> {
        let text = Arc::new(Text(Mutex::new(Some(json.into()))));
        let bytes = text.lock().as_ref().map_or(0, |json| json.len());
        self.bytes += bytes;
        self.texts.push_back((Arc::downgrade(&text), bytes));
        // What all have taken is gone already, and members take frames in their order.
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
    /// Whether it says nothing to somebody who has heard everything up to this event. That time has passed is news to all.
    pub fn is_old(&self, said: i64) -> bool {
        self.through < said || self.through == said && self.after < said
    }
}

/// A member's end of the line.
pub struct Joined {
    pub frames: broadcast::Receiver<Frame>,
    /// Frames begin after this event.
    pub position: i64,
    /// While somebody holds it, the cohort lives.
    _cohort: Arc<Cohort>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Starting,
    Runs,
    Over,
}

struct Line {
    stage: watch::Sender<Stage>,
    open: Mutex<Open>,
}

struct Open {
    /// None when nothing comes any more.
    frames: Option<broadcast::Sender<Frame>>,
    position: i64,
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Cohort {
    line: Arc<Line>,
    leader: JoinHandle<()>,
    cohort_key: CohortKey,
    cohorts: Weak<CohortMap>,
}

/// Makes a cohort's leader, who goes on from here where it led before. None when it cannot lead these any more.
pub trait Lead: Fn(Option<Begin>) -> Option<(Answers, Arc<StreamHandle>)> + Send + 'static {}
impl<L: Fn(Option<Begin>) -> Option<(Answers, Arc<StreamHandle>)> + Send + 'static> Lead for L {}

type CohortMap = Mutex<HashMap<CohortKey, Weak<Cohort>>>;

impl Drop for Cohort {
    fn drop(&mut self) {
        self.leader.abort();
        let Some(cohorts) = self.cohorts.upgrade() else { return };
        let mut cohorts = cohorts.lock().unwrap_or_else(PoisonError::into_inner);
        // Another one may stand in its place by now.
        if cohorts.get(&self.cohort_key).is_some_and(|cohort| cohort.strong_count() == 0) {
            cohorts.remove(&self.cohort_key);
        }
    }
}

/// The cohorts of a node; clones share them.
#[derive(Clone, Default)]
pub struct Cohorts(Arc<CohortMap>);

impl Cohorts {
    /// Joins those who like the same, or begins with a leader of one's own. None when that one cannot start.
    pub async fn join(&self, cohort_key: CohortKey, lead: impl Lead) -> Option<Joined> {
        let cohort = self.find_or_begin(cohort_key, lead)?;
        let mut stage = cohort.line.stage.subscribe();
        let runs = *stage.wait_for(|stage| *stage != Stage::Starting).await.ok()? == Stage::Runs;
        if !runs {
            return None;
        }
        let line = cohort.line.clone();
        let open = line.lock();
        let frames = open.frames.as_ref()?.subscribe();
        Some(Joined { frames, position: open.position, _cohort: cohort })
    }

    fn find_or_begin(&self, cohort_key: CohortKey, lead: impl Lead) -> Option<Arc<Cohort>> {
        // Before the lock, so that it is dropped after it: the last one of a cohort takes itself out of the map.
        let known;
        let mut cohorts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known = cohorts.get(&cohort_key).and_then(Weak::upgrade);
        if let Some(cohort) = known.as_ref().filter(|cohort| *cohort.line.stage.borrow() != Stage::Over) {
            return Some(cohort.clone());
        }
        let leader = lead(None)?;
        let open = Open { frames: Some(broadcast::channel(FRAMES).0), position: 0 };
        let line = Arc::new(Line { stage: watch::Sender::new(Stage::Starting), open: Mutex::new(open) });
        let leader = tokio::spawn(run(lead, leader, line.clone()));
        let cohort = Arc::new(Cohort { line, leader, cohort_key, cohorts: Arc::downgrade(&self.0) });
        cohorts.insert(cohort_key, Arc::downgrade(&cohort));
        Some(cohort)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Hands a leader's answers to the members, until it ends.
async fn run(lead: impl Lead, (mut answers, mut stream_handle): (Answers, Arc<StreamHandle>), line: Arc<Line>) {
    let over = Over(line.clone());
    let (mut has_begun, mut waiting, mut backoff, mut begin) = (false, Waiting::default(), Backoff::default(), None);
    loop {
        let answer = tokio::select! {
            () = stream_handle.settled(), if !has_begun => {
                has_begun = true;
                // An item may be in the making already: members hear it as their first.
                line.lock().position = stream_handle.passed().unwrap_or_default();
                line.stage.send_replace(Stage::Runs);
                continue;
            }
            answer = answers.next() => answer,
        };
        match (answer, stream_handle.said()) {
            (Some(Answer::Ran { json, .. }), Some(through)) => {
                stream_handle.pass();
                backoff = Backoff::default();
                let mut open = line.lock();
                let after = std::mem::replace(&mut open.position, through);
                if let Some(frames) = &open.frames {
                    let _ = frames.send(Frame { after, through, json: waiting.push(json), meta: stream_handle.meta() });
                }
            }
            // All wait, instead of each trying by itself, and then go on from where they are.
            (Some(Answer::Refused(errors)), _) if has_begun && errors.code.may_pass() => {
                begin = stream_handle.rest().or(begin);
                backoff.wait().await;
                let Some(leader) = lead(begin.clone()) else { break };
                (answers, stream_handle) = leader;
            }
            // Without an answer, or with one that failed, each member goes on by itself and learns why.
            _ => break,
        }
    }
    drop(over);
}

/// The end of a leader, however it comes about.
struct Over(Arc<Line>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.lock().frames = None;
        self.0.stage.send_replace(Stage::Over);
    }
}
