//! Cache of the sessions that this process has seen lately: their state, the watchers of their end,
//! and the times of their use.
//!
//! The session's row is authoritative. Cached state is trusted for a few seconds, and a revocation
//! on this node corrects it at once.

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

/// Time that a cached session status is trusted; a revocation on another node is noticed after
/// that.
pub const SESSION_CACHE_TTL: Duration = Duration::from_secs(3);
/// Maximum cached sessions; beyond it unwatched ones are evicted.
const MAX_CACHED_SESSIONS: usize = 50_000;
/// Between two notes of a session's use.
const TOUCH_INTERVAL: Duration = Duration::from_mins(1);

#[derive(Default)]
pub struct SessionCache(RwLock<HashMap<SessionId, Arc<CachedSession>>>, ClusterNotices);

/// Cached status of a session.
pub struct CachedSession {
    session_status: SessionStatus,
    /// None: the session must be read again before its next use.
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

    /// Whether, since this was read, a second factor has become required that must be enrolled, or
    /// the tenant was suspended.
    fn is_more_restricted(&self, now: &SessionStatus) -> bool {
        let before = &self.session_status;
        (now.must_enrol() && !before.must_enrol()) || (now.suspended && !before.suspended)
    }

    /// The same session, marked to be read again before its next use.
    fn to_stale(&self, session_status: SessionStatus, ended: watch::Sender<bool>) -> Self {
        Self {
            session_status,
            read_at: None,
            ended,
            used_at: AtomicI64::new(self.used_at.load(Ordering::Relaxed)),
            touched_at: AtomicI64::new(self.touched_at.load(Ordering::Relaxed)),
        }
    }
}

impl SessionCache {
    /// A cache that notifies other nodes.
    pub fn with_notices(cluster_notices: ClusterNotices) -> Self {
        Self(RwLock::default(), cluster_notices)
    }

    /// Returns the cached session, if it is fresh, and records that the session is used.
    pub fn get_fresh(&self, id: SessionId, now: Monotonic) -> Option<Arc<CachedSession>> {
        let sessions = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let cached = sessions.get(&id)?;
        cached.used_at.store(now.micros(), Ordering::Relaxed);
        let recent = *cached.ended.borrow() || cached.read_at.is_some_and(|at| now.since(at) < SESSION_CACHE_TTL);
        recent.then(|| cached.clone())
    }

    /// Caches a session that was read. Its watchers stay.
    pub fn cache_session(&self, session_status: SessionStatus, now: Monotonic) -> Arc<CachedSession> {
        let mut sessions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= MAX_CACHED_SESSIONS {
            sessions.retain(|_, cached| cached.ended.receiver_count() > 0);
        }
        let before = sessions.get(&session_status.id);
        // A read that began before a revocation and returned after it must not undo it.
        let has_ended = session_status.ended || before.is_some_and(|cached| *cached.ended.borrow());
        let sender = match before {
            // Open sockets were admitted under weaker rules: they are closed, and have to reconnect
            // under the current ones.
            Some(cached) if cached.is_more_restricted(&session_status) => {
                cached.ended.send_replace(true);
                watch::channel(false).0
            }
            Some(cached) => cached.ended.clone(),
            None => watch::channel(false).0,
        };
        if has_ended {
            sender.send_replace(true);
        }
        let touched_at = before.map_or(i64::MIN, |cached| cached.touched_at.load(Ordering::Relaxed));
        let cached = Arc::new(CachedSession {
            session_status: SessionStatus { ended: has_ended, ..session_status },
            read_at: Some(now),
            ended: sender,
            used_at: AtomicI64::new(now.micros()),
            touched_at: AtomicI64::new(touched_at),
        });
        sessions.insert(cached.session_status.id, cached.clone());
        cached
    }

    /// Notifies all watchers of these sessions that they have ended, on other nodes too.
    pub fn end(&self, ids: &[SessionId]) {
        self.end_locally(ids);
        self.1.sessions(ids);
    }

    /// Notifies all watchers of these sessions on this node that they have ended.
    pub fn end_locally(&self, ids: &[SessionId]) {
        let sessions = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for cached in ids.iter().filter_map(|id| sessions.get(id)) {
            cached.ended.send_replace(true);
        }
    }

    /// Notifies all watchers of this session on this node if a second factor has become required
    /// and must be enrolled, or its tenant is suspended. The session itself does not end.
    pub fn tighten_locally(&self, session_status: SessionStatus) {
        let mut sessions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) =
            sessions.get(&session_status.id).filter(|cached| !cached.has_ended() && cached.is_more_restricted(&session_status))
        {
            cached.ended.send_replace(true);
            let next = cached.to_stale(session_status, watch::channel(false).0);
            sessions.insert(next.session_status.id, Arc::new(next));
        }
    }

    /// Invalidates the cached status of a session, on every node.
    pub fn invalidate(&self, id: SessionId) {
        self.invalidate_locally(id);
        self.1.sessions(&[id]);
    }

    /// Invalidates the cached status of a session on this node.
    pub fn invalidate_locally(&self, id: SessionId) {
        let mut sessions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = sessions.get(&id) {
            let stale_session = cached.to_stale(cached.session_status.clone(), cached.ended.clone());
            sessions.insert(id, Arc::new(stale_session));
        }
    }

    /// The watched sessions: those of open sockets.
    pub fn watched_sessions(&self) -> Vec<SessionId> {
        let sessions = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let open = sessions.iter().filter(|(_, cached)| cached.ended.receiver_count() > 0 && !*cached.ended.borrow());
        open.map(|(id, _)| *id).collect()
    }

    /// The sessions whose use has to be written; they are marked as written.
    pub fn take_used_sessions(&self, now: Monotonic) -> Vec<SessionId> {
        let sessions = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let take_due = |cached: &CachedSession| {
            let (last_use, last_touch) = (cached.used_at.load(Ordering::Relaxed), cached.touched_at.load(Ordering::Relaxed));
            let is_due = last_use > last_touch
                && (last_touch == i64::MIN || now.since(Monotonic::from_micros(last_touch)) >= TOUCH_INTERVAL);
            is_due && {
                cached.touched_at.store(now.micros(), Ordering::Relaxed);
                true
            }
        };
        sessions.iter().filter(|(_, cached)| take_due(cached)).map(|(id, _)| *id).collect()
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
        let presence = SessionCache::default();
        let id = session_status(false).id;
        assert!(presence.get_fresh(id, START).is_none());
        let mut watch = presence.cache_session(session_status(false), START).watch();
        assert!(presence.get_fresh(id, after(2)).is_some());
        assert!(presence.get_fresh(id, after(3)).is_none());
        assert_eq!(presence.watched_sessions(), [id]);
        presence.end(&[id]);
        assert!(*watch.borrow_and_update());
        // A read from before the end returns late.
        assert!(presence.cache_session(session_status(false), START).session_status().ended);
        assert!(presence.get_fresh(id, after(900)).is_some_and(|cached| *cached.watch().borrow()));
    }

    #[test]
    fn whoever_must_enrol_all_at_once_comes_in_again() {
        let asked = || SessionStatus { mfa_required: true, ..session_status(false) };
        for read_by_a_request in [true, false] {
            let presence = SessionCache::default();
            let before = presence.cache_session(session_status(false), START).watch();
            if read_by_a_request {
                presence.cache_session(asked(), after(5));
            } else {
                presence.tighten_locally(asked());
            }
            assert!(*before.borrow(), "open sockets are told");
            assert!(presence.get_fresh(session_status(false).id, after(5)).is_none_or(|cached| !cached.has_ended()));
            let after = presence.cache_session(asked(), after(6));
            presence.tighten_locally(asked());
            assert!(!after.has_ended() && !*after.watch().borrow(), "the session goes on, and so does who has come in again");
        }
        let presence = SessionCache::default();
        presence.cache_session(session_status(true), START);
        presence.tighten_locally(asked());
        assert!(presence.cache_session(asked(), START).has_ended(), "what has ended stays so");
    }

    #[test]
    fn a_suspended_tenant_closes_what_is_open_and_lets_the_session_be() {
        let suspended = || SessionStatus { suspended: true, ..session_status(false) };
        let presence = SessionCache::default();
        let open = presence.cache_session(session_status(false), START).watch();
        presence.tighten_locally(suspended());
        assert!(*open.borrow(), "open sockets are told");
        let refused = presence.cache_session(suspended(), after(1));
        assert!(refused.session_status().suspended && !refused.has_ended());
        let resumed = presence.cache_session(session_status(false), after(5));
        assert!(!resumed.session_status().suspended && !resumed.has_ended(), "the session goes on");
    }

    #[test]
    fn use_is_noted_once_a_minute() {
        let presence = SessionCache::default();
        presence.cache_session(session_status(false), START);
        assert_eq!(presence.take_used_sessions(START).len(), 1);
        presence.get_fresh(session_status(false).id, after(1));
        assert_eq!(presence.take_used_sessions(after(59)), []);
        assert_eq!(presence.take_used_sessions(after(60)).len(), 1);
        assert_eq!(presence.take_used_sessions(after(600)), []);
    }
}
