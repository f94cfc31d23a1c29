//! The positions of sessions' last writes, so that no session reads from a replica that has yet to
//! replay its own.
//!
//! The position of a session's last write is kept for some seconds in this process and, if nodes
//! share a Redis, there too; the response has it in a header, which the client may send back. While
//! Redis does not answer, a session's writes on other nodes are unknown, and a client that sends no
//! position reads from the primary.

mod recent;
mod shared;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::Client;
use tokio::time::Instant;

use self::{recent::Recent, shared::SharedPositions};
use crate::{
    metrics,
    paging::{CursorSigner, Key},
    storage::{
        Database,
        replicas::{Freshness, Position, ReadRoute},
    },
};

/// Minimum time for which a write is remembered. A replica that lags further behind is excluded
/// anyway.
const POSITION_TTL: Duration = Duration::from_secs(10);
/// Time for which a write is remembered beyond the maximum lag of a replica.
const MARGIN: Duration = Duration::from_secs(5);
/// Kind of cursor that a token is signed as.
const KIND: &str = "position";

/// The positions of sessions' last writes. Clones share them.
#[derive(Clone)]
pub struct SessionPositions(Arc<Inner>);

struct Inner {
    db: Database,
    signer: CursorSigner,
    /// Lifetime of a member's access token.
    token_life: Duration,
    retention: Duration,
    recent: Mutex<Recent>,
    shared: Option<SharedPositions>,
}

impl fmt::Debug for SessionPositions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionPositions")
    }
}

impl SessionPositions {
    /// Creates the positions for a database with replicas. `redis` is the shared Redis, with the
    /// secret that all nodes of the deployment share.
    pub fn new(db: Database, signer: CursorSigner, token_life: Duration, redis: Option<(Client, &[u8])>) -> Self {
        let ttl = POSITION_TTL.max(db.replica_staleness().unwrap_or_default() + MARGIN);
        let shared = redis.map(|(client, deployment)| SharedPositions::of(client, deployment, ttl));
        Self(Arc::new(Inner { db, signer, token_life, retention: ttl, recent: Mutex::default(), shared }))
    }

    /// Whether there are replicas to read from.
    pub fn is_on(&self) -> bool {
        self.0.db.has_replicas()
    }

    /// Whether a member's token was issued within the last seconds. Rows of a member who has just
    /// signed in may have been written without a session: the registration of a company, or an
    /// accepted invitation.
    pub fn is_recently_issued(&self, expires_at: i64, now: i64) -> bool {
        let remaining_micros = u64::try_from(expires_at.saturating_sub(now)).unwrap_or_default();
        Duration::from_micros(remaining_micros) + self.0.retention > self.0.token_life
    }

    /// Records all commits until now as the position of a session that is new on this node, as if
    /// it had written them.
    pub async fn register_session(&self, session: u128) {
        if self.recent().of(session, Instant::now()).is_some() {
            return;
        }
        match self.0.db.position().await {
            Ok(Some(position)) => self.store_position(session, position),
            Ok(None) => {}
            Err(fault) => {
                tracing::debug!(error = %fault, "the replication position of a new session could not be read");
                self.store_position(session, Position::UNKNOWN);
            }
        }
    }

    /// Returns the route of a request's reads: to a replica that has replayed the session's writes
    /// and the position that the client sent. None for the primary.
    pub async fn route(&self, session: Option<u128>, token: Option<&str>) -> Option<Arc<ReadRoute>> {
        let staleness = self.0.db.replica_staleness()?;
        let client_position = token.and_then(|token| self.open(token));
        let local_position = session.and_then(|session| self.recent().of(session, Instant::now()));
        let shared_position = match (session, &self.0.shared) {
            (Some(session), Some(shared)) => match shared.get(session).await {
                Ok(text) => text.and_then(|text| self.open(&text)),
                Err(_silent) if client_position.is_some() => None,
                Err(_silent) => {
                    metrics::replica_reads("primary", "unknown");
                    return None;
                }
            },
            _ => None,
        };
        let freshness = match client_position.max(local_position).max(shared_position) {
            Some(position) => Freshness::After(position),
            None => Freshness::Bounded(staleness),
        };
        self.0.db.read_route(freshness, session.unwrap_or_default())
    }

    /// Records that a session has written, and returns the token for its response. If the database
    /// does not answer, the session reads from the primary for a while.
    pub async fn record_write(&self, session: Option<u128>) -> Option<String> {
        let position = match self.0.db.position().await {
            Ok(position) => position?,
            Err(fault) => {
                tracing::debug!(error = %fault, "the replication position of a write could not be read");
                Position::UNKNOWN
            }
        };
        let token = self.token(position);
        if let Some(session) = session {
            self.store_position(session, position);
            if let Some(shared) = self.0.shared.as_ref().filter(|_| position != Position::UNKNOWN) {
                shared.put(session, position, &token).await;
            }
        }
        (position != Position::UNKNOWN).then_some(token)
    }

    /// Records that a session may have written, at an unknown position.
    pub fn record_possible_write(&self, session: Option<u128>) {
        if let Some(session) = session {
            self.store_position(session, Position::UNKNOWN);
        }
    }

    fn store_position(&self, session: u128, position: Position) {
        let now = Instant::now();
        self.recent().take(session, position, now + self.0.retention, now);
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.0.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn token(&self, position: Position) -> String {
        self.0.signer.sign(KIND, &[Key::Int(position.timeline), Key::Int(position.lsn)])
    }

    /// Returns a position whose token this deployment has signed; None for any other.
    fn open(&self, token: &str) -> Option<Position> {
        match self.0.signer.open(KIND, token)?.as_slice() {
            [Key::Int(timeline), Key::Int(lsn)] => Some(Position { timeline: *timeline, lsn: *lsn }),
            _ => None,
        }
    }
}
