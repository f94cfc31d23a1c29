//! Those who ask for the same and may see the same: what happens is worked out and written once, and all of them get the same bytes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use futures_util::StreamExt;
use tokio::{
    sync::{broadcast, watch},
    task::JoinHandle,
};

use super::seat::Seat;
use crate::graphql::{answer::Answer, desk::Answers, scalars::Cursor};

/// Frames that a member may lag behind before it has to read up by itself.
const FRAMES: usize = 256;

/// What makes two subscriptions the same, as a digest of all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Likes([u8; 32]);

impl Likes {
    pub fn of(parts: &[&str]) -> Self {
        use sha2::{Digest, Sha256};
        let mut digest = Sha256::new();
        for part in parts {
            // The length keeps two parts from being read as two others.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        Self(digest.finalize().into())
    }
}

/// An answer that all members get.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Everything after this event, up to that one, has been said with it.
    pub after: i64,
    pub through: i64,
    pub json: Arc<[u8]>,
    pub cursor: Option<Cursor>,
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
    likes: Likes,
    cohorts: Weak<Known>,
}

type Known = Mutex<HashMap<Likes, Weak<Cohort>>>;

impl Drop for Cohort {
    fn drop(&mut self) {
        self.leader.abort();
        let Some(cohorts) = self.cohorts.upgrade() else { return };
        let mut cohorts = cohorts.lock().unwrap_or_else(PoisonError::into_inner);
        // Another one may stand in its place by now.
        if cohorts.get(&self.likes).is_some_and(|cohort| cohort.strong_count() == 0) {
            cohorts.remove(&self.likes);
        }
    }
}

/// The cohorts of a node; clones share them.
#[derive(Clone, Default)]
pub struct Cohorts(Arc<Known>);

impl Cohorts {
    /// Joins those who like the same, or begins with a leader of one's own. None when that one cannot start.
    pub async fn join(&self, likes: Likes, lead: impl FnOnce(Likes) -> Option<(Answers, Arc<Seat>)>) -> Option<Joined> {
        let cohort = self.find_or_begin(likes, lead)?;
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

    fn find_or_begin(&self, likes: Likes, lead: impl FnOnce(Likes) -> Option<(Answers, Arc<Seat>)>) -> Option<Arc<Cohort>> {
        // Before the lock, so that it is dropped after it: the last one of a cohort takes itself out of the map.
        let known;
        let mut cohorts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known = cohorts.get(&likes).and_then(Weak::upgrade);
        if let Some(cohort) = known.as_ref().filter(|cohort| *cohort.line.stage.borrow() != Stage::Over) {
            return Some(cohort.clone());
        }
        let (answers, seat) = lead(likes)?;
        let open = Open { frames: Some(broadcast::channel(FRAMES).0), position: 0 };
        let line = Arc::new(Line { stage: watch::Sender::new(Stage::Starting), open: Mutex::new(open) });
        let leader = tokio::spawn(run(answers, seat, line.clone()));
        let cohort = Arc::new(Cohort { line, leader, likes, cohorts: Arc::downgrade(&self.0) });
        cohorts.insert(likes, Arc::downgrade(&cohort));
        Some(cohort)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Hands a leader's answers to the members, until it ends.
async fn run(mut answers: Answers, seat: Arc<Seat>, line: Arc<Line>) {
    let over = Over(line.clone());
    let mut has_begun = false;
    loop {
        let answer = tokio::select! {
            () = seat.settled(), if !has_begun => {
                has_begun = true;
                line.lock().position = seat.said().unwrap_or_default();
                line.stage.send_replace(Stage::Runs);
                continue;
            }
            answer = answers.next() => answer,
        };
        // Without an answer, or with one that failed, each member goes on by itself and learns why.
        let (Some(Answer::Ran { json, .. }), Some(through)) = (answer, seat.said()) else { break };
        let mut open = line.lock();
        let after = std::mem::replace(&mut open.position, through);
        if let Some(frames) = &open.frames {
            let _ = frames.send(Frame { after, through, json: json.into(), cursor: seat.cursor() });
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
