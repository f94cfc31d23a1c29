//! The sessions that this process has seen lately: what is known of them, who watches for their end, and when they were used.
//!
//! The session's row has the last word. What is known here is believed for a few seconds, and a revocation on this node corrects it at once.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use entity::prelude::*;
use platform::{clock::Monotonic, storage::ClusterNotices};
use tokio::sync::watch;

use super::rows::sessions::SessionStatus;

/// How long a session's standing is taken for granted: a revocation on another node is noticed after that.
pub const FRESH: Duration = Duration::from_secs(3);
/// Sessions that are remembered; beyond it those that nobody watches are forgotten.
const REMEMBERED: usize = 50_000;
/// Between two notes of a session's use.
const TOUCH: Duration = Duration::from_mins(1);

#[derive(Default)]
pub struct Presence(RwLock<HashMap<SessionId, Arc<CachedSession>>>, ClusterNotices);

/// What is known of a session.
pub struct CachedSession {
    session_status: SessionStatus,
    /// None: it is to be read again before anything else.
    read_at: Option<Monotonic>,
    ended: watch::Sender<bool>,
    /// Microseconds of the monotonic clock.
    used_at: AtomicI64,
    touched_at: AtomicI64,
}

impl CachedSession {
    pub fn session_status(&self) -> &SessionStatus {
        &self.session_status
    }
    pub fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }

    /// Whether a second factor must be enrolled that was not asked for when this was read, or the tenant was suspended since.
    fn is_tightened(&self, now: &SessionStatus) -> bool {
        let before = &self.session_status;
        (now.must_enrol() && !before.must_enrol()) || (now.suspended && !before.suspended)
    }

    /// The same session, to be read again before anything else.
    fn stale(&self, session_status: SessionStatus, ended: watch::Sender<bool>) -> Self {
        Self {
            session_status,
            read_at: None,
            ended,
            used_at: AtomicI64::new(self.used_at.load(Ordering::Relaxed)),
            touched_at: AtomicI64::new(self.touched_at.load(Ordering::Relaxed)),
        }
    }
}

impl Presence {
    /// One that lets other nodes know.
    pub fn telling(cluster_notices: ClusterNotices) -> Self {
        Self(RwLock::default(), cluster_notices)
    }

    /// What is known, if that is recent enough; notes that the session is used.
    pub fn fresh(&self, id: SessionId, now: Monotonic) -> Option<Arc<CachedSession>> {
        let sessions = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let cached = sessions.get(&id)?;
        cached.used_at.store(now.micros(), Ordering::Relaxed);
        let recent = *cached.ended.borrow() || cached.read_at.is_some_and(|at| now.since(at) < FRESH);
        recent.then(|| cached.clone())
    }

    /// Keeps what was read. Whoever watches the session goes on watching it.
    pub fn keep(&self, session_status: SessionStatus, now: Monotonic) -> Arc<CachedSession> {
        let mut sessions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= REMEMBERED {
            sessions.retain(|_, cached| cached.ended.receiver_count() > 0);
        }
        let before = sessions.get(&session_status.id);
        // A read that began before a revocation and came back after it must not undo it.
        let ended = session_status.ended || before.is_some_and(|cached| *cached.ended.borrow());
        let sender = match before {
            // Sockets were let in on easier terms: they close, and come in again on those of now.
            Some(cached) if cached.is_tightened(&session_status) => {
                cached.ended.send_replace(true);
                watch::channel(false).0
            }
            Some(cached) => cached.ended.clone(),
            None => watch::channel(false).0,
        };
        if ended {
            sender.send_replace(true);
        }
        let touched_at = before.map_or(i64::MIN, |cached| cached.touched_at.load(Ordering::Relaxed));
        let cached = Arc::new(CachedSession {
            session_status: SessionStatus { ended, ..session_status },
            read_at: Some(now),
            ended: sender,
            used_at: AtomicI64::new(now.micros()),
            touched_at: AtomicI64::new(touched_at),
        });
        sessions.insert(cached.session_status.id, cached.clone());
        cached
    }

    /// Tells everybody who watches these sessions that they have ended, on other nodes too.
    pub fn end(&self, ids: &[SessionId]) {
        self.end_here(ids);
        self.1.sessions(ids);
    }

    /// Tells everybody who watches these sessions here.
    pub fn end_here(&self, ids: &[SessionId]) {
        let sessions = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for cached in ids.iter().filter_map(|id| sessions.get(id)) {
            cached.ended.send_replace(true);
        }
    }

    /// Tells everybody who watches this session here, if a second factor must be enrolled first that was not asked for before, or its tenant is
    /// suspended. The session itself goes on.
    pub fn tighten_here(&self, session_status: SessionStatus) {
        let mut sessions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) =
            sessions.get(&session_status.id).filter(|cached| !cached.has_ended() && cached.is_tightened(&session_status))
        {
            cached.ended.send_replace(true);
            let next = cached.stale(session_status, watch::channel(false).0);
            sessions.insert(next.session_status.id, Arc::new(next));
        }
    }

    /// What was read of a session does not hold any more, on no node.
    pub fn forget(&self, id: SessionId) {
        self.forget_here(id);
        self.1.sessions(&[id]);
    }

    /// What was read of a session here does not hold any more.
    pub fn forget_here(&self, id: SessionId) {
        let mut sessions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = sessions.get(&id) {
            let stale = cached.stale(cached.session_status.clone(), cached.ended.clone());
            sessions.insert(id, Arc::new(stale));
        }
    }

    /// The sessions that somebody watches: those of open sockets.
    pub fn watched(&self) -> Vec<SessionId> {
        let sessions = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let open = sessions.iter().filter(|(_, cached)| cached.ended.receiver_count() > 0 && !*cached.ended.borrow());
        open.map(|(id, _)| *id).collect()
    }

    /// The sessions whose use is to be written down; they count as written.
    pub fn used(&self, now: Monotonic) -> Vec<SessionId> {
        let sessions = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let due = |cached: &CachedSession| {
            let (used, touched) = (cached.used_at.load(Ordering::Relaxed), cached.touched_at.load(Ordering::Relaxed));
            let is_due = used > touched && (touched == i64::MIN || now.since(Monotonic::from_micros(touched)) >= TOUCH);
            is_due && {
                cached.touched_at.store(now.micros(), Ordering::Relaxed);
                true
            }
        };
        sessions.iter().filter(|(_, cached)| due(cached)).map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const START: Monotonic = Monotonic::from_micros(1_000_000_000);

    fn after(seconds: i64) -> Monotonic {
        Monotonic::from_micros(START.micros() + seconds * 1_000_000)
    }

    fn session_status(ended: bool) -> SessionStatus {
        let id = Uuid::from_u128(1);
        SessionStatus {
            id: SessionId::from_uuid(id),
            user: UserId::from_uuid(id),
            mfa_at: None,
            ends_at: Timestamp(1_000_000_000_000),
            ended,
            mfa_required: false,
            risk: 0,
            suspended: false,
        }
    }

    #[test]
    fn what_is_known_is_believed_for_seconds_and_an_end_for_ever() {
        let presence = Presence::default();
        let id = session_status(false).id;
        assert!(presence.fresh(id, START).is_none());
        let mut watch = presence.keep(session_status(false), START).watch();
        assert!(presence.fresh(id, after(2)).is_some());
        assert!(presence.fresh(id, after(3)).is_none());
        assert_eq!(presence.watched(), [id]);
        presence.end(&[id]);
        assert!(*watch.borrow_and_update());
        // A read from before the end comes back late.
        assert!(presence.keep(session_status(false), START).session_status().ended);
        assert!(presence.fresh(id, after(900)).is_some_and(|cached| *cached.watch().borrow()));
    }

    #[test]
    fn whoever_must_enrol_all_at_once_comes_in_again() {
        let asked = || SessionStatus { mfa_required: true, ..session_status(false) };
        for read_by_a_request in [true, false] {
            let presence = Presence::default();
            let before = presence.keep(session_status(false), START).watch();
            if read_by_a_request {
                presence.keep(asked(), after(5));
            } else {
                presence.tighten_here(asked());
            }
            assert!(*before.borrow(), "open sockets are told");
            assert!(presence.fresh(session_status(false).id, after(5)).is_none_or(|cached| !cached.has_ended()));
            let after = presence.keep(asked(), after(6));
            presence.tighten_here(asked());
            assert!(!after.has_ended() && !*after.watch().borrow(), "the session goes on, and so does who has come in again");
        }
        let presence = Presence::default();
        presence.keep(session_status(true), START);
        presence.tighten_here(asked());
        assert!(presence.keep(asked(), START).has_ended(), "what has ended stays so");
    }

    #[test]
    fn a_suspended_tenant_closes_what_is_open_and_lets_the_session_be() {
        let suspended = || SessionStatus { suspended: true, ..session_status(false) };
        let presence = Presence::default();
        let open = presence.keep(session_status(false), START).watch();
        presence.tighten_here(suspended());
        assert!(*open.borrow(), "open sockets are told");
        let refused = presence.keep(suspended(), after(1));
        assert!(refused.session_status().suspended && !refused.has_ended());
        let resumed = presence.keep(session_status(false), after(5));
        assert!(!resumed.session_status().suspended && !resumed.has_ended(), "the session goes on");
    }

    #[test]
    fn use_is_noted_once_a_minute() {
        let presence = Presence::default();
        presence.keep(session_status(false), START);
        assert_eq!(presence.used(START).len(), 1);
        presence.fresh(session_status(false).id, after(1));
        assert_eq!(presence.used(after(59)), []);
        assert_eq!(presence.used(after(60)).len(), 1);
        assert_eq!(presence.used(after(600)), []);
    }
}
