//! Sessions: begin, refresh, read, end.

use std::{collections::HashSet, sync::Arc};

use entity::{prelude::*, tenant};
use platform::{
    audit::{self, AuditContext, AuditWriter, Origin, Target},
    metrics::{self, Lookup},
    storage::{Fault, GlobalWork},
};
use tokio::sync::watch;

use super::{error::IdentityError, service::Identity};
use crate::identity::{
    core::{self, Rejection, Risk},
    emails::EmailKind,
    rows::{
        self, Membership, devices, factors, links, refresh,
        sessions::{self, EndReason, SessionRow, SessionSelection, SessionStatus},
    },
    secret::{self, Purpose},
    session::Visit,
    session_cache::CachedSession,
    token::{Claims, Subject, TokenUse},
};

/// An authenticated request.
pub struct AuthenticatedRequest {
    pub claims: Arc<Claims>,
    cached: Arc<CachedSession>,
}

impl AuthenticatedRequest {
    pub fn session_status(&self) -> &SessionStatus {
        self.cached.session_status()
    }
    /// Becomes true when the session ends.
    pub fn watch_end(&self) -> watch::Receiver<bool> {
        self.cached.watch()
    }
    /// Whether the person must enrol a second factor before anything else.
    pub fn must_enrol(&self) -> bool {
        self.session_status().must_enrol()
    }
}

/// Reason why a request is not admitted.
#[derive(Debug)]
pub enum AdmitError {
    /// The token is invalid, or its session has ended; the answer does not distinguish them.
    Token,
    /// The session is active, but its tenant is suspended.
    Suspended,
    Fault(Fault),
}
impl From<Fault> for AdmitError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A session that has begun or continues.
#[derive(Debug, Clone)]
pub struct SessionTokens {
    pub access_token: String,
    pub access_expires_at: Timestamp,
    pub refresh_token: String,
    pub refresh_expires_at: Timestamp,
    pub session: SessionRow,
    pub tenant: tenant::Model,
    /// The token that the device is known by from now on, if it keeps one and has none yet.
    pub device: Option<String>,
}

/// Times of the factors that a new session is based on, and the session that it is switched from,
/// if any, with that session's latest end, which limits the new one.
pub(super) struct SessionProofs {
    pub auth_at: Timestamp,
    /// Time of the second factor.
    pub mfa_at: Option<Timestamp>,
    pub from: Option<(SessionId, Timestamp)>,
}

impl SessionProofs {
    /// Proofs at a login, which is not a switch from another session.
    pub fn now(auth_at: Timestamp, mfa_at: Option<Timestamp>) -> Self {
        Self { auth_at, mfa_at, from: None }
    }
}

/// Maximum characters of a session's name, and of its stored user agent.
pub(super) const NAME: usize = 255;

impl Identity {
    /// Admits a request with an access token of an active session. Costs no query if both were seen
    /// in the last seconds.
    pub async fn admit(&self, token: &str, origin: &Origin) -> Result<AuthenticatedRequest, AdmitError> {
        let (claims, token_use) = self.tokens.verify(token).map_err(|_| AdmitError::Token)?;
        let (asked_at, now) = (self.clock.monotonic(), self.clock.now());
        let fresh_session = self.presence.get_fresh(claims.sid, asked_at);
        metrics::count_lookup("sessions", Lookup::of(fresh_session.as_ref()));
        let cached = if let Some(cached) = fresh_session {
            cached
        } else {
            let status = sessions::session_statuses(&self.db.global(), &[claims.sid]).await?.pop();
            self.presence.cache_session(status.ok_or(AdmitError::Token)?, asked_at)
        };
        let session_status = cached.session_status();
        if cached.has_ended() || session_status.ends_at <= now || session_status.user != claims.sub {
            return Err(AdmitError::Token);
        }
        if token_use == TokenUse::First {
            let work = self.db.global().begin().await?;
            let is_own = refresh::confirm_first_use(&work, claims.jti, now).await?;
            work.commit().await?;
            if !is_own {
                Box::pin(self.end_stolen_session(&claims, origin)).await?;
                return Err(AdmitError::Token);
            }
            self.tokens.cache_token(token, claims.clone());
        }
        if session_status.suspended {
            return Err(AdmitError::Suspended);
        }
        Ok(AuthenticatedRequest { claims, cached })
    }

    /// Ends the session of an access token whose pair was withdrawn, with an audit entry of its
    /// own, since no mutation carries one.
    async fn end_stolen_session(&self, claims: &Claims, origin: &Origin) -> Result<(), Fault> {
        let (origin, audit_writer) =
            (Origin { session: Some(claims.sid), ..origin.clone() }, AuditWriter::new(self.ring.clone(), self.clock.clone()));
        let audit_context = AuditContext::new("session.end".to_owned(), origin, audit_writer, None, Some(Target::of(claims.sid)));
        let ending = audit_context.run_within(async {
            audit::attribute(claims.tid, Actor::member(claims.mid));
            audit::note_refusal_code("REFRESH_TOKEN_REUSED");
            self.end_family(claims.sid).await
        });
        Box::pin(ending).await
    }

    /// Ends a session whose token was reused by a stranger, and informs its owner. The transaction
    /// is one of its own, which has no locks yet: sessions begun from this one by a switch may
    /// precede it in the order of the IDs, if clocks differ.
    pub(super) async fn end_family(&self, session: SessionId) -> Result<(), Fault> {
        let work = self.db.global().begin().await?;
        let ended_sessions = sessions::end(&work, SessionSelection::One(session), EndReason::Reuse, self.clock.now()).await?;
        let owner = match sessions::by_id(&work, session).await? {
            Some(row) if !ended_sessions.is_empty() => rows::user(&work, row.user).await?,
            _ => None,
        };
        work.commit().await?;
        self.presence.end(&ended_sessions);
        if let Some(owner) = owner {
            self.write(EmailKind::SessionStolen, &owner.email, &owner.display_name);
        }
        tracing::warn!(%session, "a refresh token was used again after its rotation or revocation: the session is ended");
        Ok(())
    }

    /// Begins a session of a member.
    pub(super) async fn begin_session(
        &self,
        work: &GlobalWork,
        membership: &Membership,
        tenant: tenant::Model,
        proofs: SessionProofs,
        (visit, risk): (&Visit, Risk),
    ) -> Result<SessionTokens, Fault> {
        let now = self.clock.now();
        let tenant_seconds = rows::security_limits(work, membership.tenant).await?.seconds;
        let seconds = self.settings.absolute_seconds.min(tenant_seconds.unwrap_or(i64::MAX));
        let latest = now.plus_seconds(seconds);
        let session = SessionRow {
            id: self.clock.id(),
            user: membership.user,
            tenant: membership.tenant,
            member: membership.member,
            name: None,
            user_agent: visit.short_user_agent(),
            address: visit.address.map(|address| address.to_string()),
            created_at: now,
            used_at: now,
            auth_at: proofs.auth_at,
            mfa_at: proofs.mfa_at,
            ends_at: proofs.from.map_or(latest, |(_, ends_at)| ends_at.min(latest)),
            ended_at: None,
            risk,
            begun_from: proofs.from.map(|(id, _)| id),
        };
        sessions::insert(work, &session).await?;
        let (_, logged_in) = self.issue(work, session, membership, tenant).await?;
        Ok(SessionTokens { device: self.note_device(work, membership.user, visit).await?, ..logged_in })
    }

    /// Issues a new pair of tokens for a session; the refresh token is stored.
    pub(super) async fn issue(
        &self,
        work: &GlobalWork,
        session: SessionRow,
        membership: &Membership,
        tenant: tenant::Model,
    ) -> Result<(RefreshTokenId, SessionTokens), Fault> {
        let (id, (token, hash)) = (self.clock.id(), secret::generate_token(&self.clock, Purpose::Refresh));
        Ok((id, self.issue_as(work, (session, tenant), membership, (id, token, hash)).await?))
    }

    /// Issues a pair of tokens for a session with this refresh token, which is stored.
    pub(super) async fn issue_as(
        &self,
        work: &GlobalWork,
        (session, tenant): (SessionRow, tenant::Model),
        membership: &Membership,
        (id, refresh_token, hash): (RefreshTokenId, String, [u8; 32]),
    ) -> Result<SessionTokens, Fault> {
        let now = self.clock.now();
        let tenants_own = rows::security_limits(work, session.tenant).await?.idle_seconds;
        let idle = self.settings.idle_seconds.min(tenants_own.unwrap_or(i64::MAX));
        let expires_at = now.plus_seconds(idle).min(session.ends_at);
        refresh::insert(work, refresh::NewToken { id, hash, session: session.id, issued_at: now, expires_at }).await?;
        self.issue_pair((session, tenant), membership, (id, refresh_token, expires_at))
    }

    /// A stored refresh token, with an access token for it.
    pub(super) fn issue_pair(
        &self,
        (session, tenant): (SessionRow, tenant::Model),
        membership: &Membership,
        (id, refresh_token, refresh_expires_at): (RefreshTokenId, String, Timestamp),
    ) -> Result<SessionTokens, Fault> {
        audit::attribute(session.tenant, Actor::member(session.member));
        let subject = Subject {
            user: session.user,
            tenant: session.tenant,
            member: session.member,
            member_version: membership.version,
            session: session.id,
            auth_at: session.auth_at,
            mfa: session.mfa_at.is_some(),
        };
        let remaining_seconds = (session.ends_at.micros() - self.clock.now().micros()) / 1_000_000;
        let claims = self.tokens.claims(&subject, id, self.settings.access_seconds.min(remaining_seconds));
        Ok(SessionTokens {
            access_token: self.tokens.sign(&claims)?,
            access_expires_at: Timestamp(claims.exp * 1_000_000),
            refresh_token,
            refresh_expires_at,
            session,
            tenant,
            device: None,
        })
    }

    /// The user's sessions that go on: of many one more than are shown.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<SessionRow>, Fault> {
        sessions::of_user(&self.db.global(), user, self.clock.now()).await
    }

    /// A session of the user, active or ended.
    pub async fn session(&self, user: UserId, id: SessionId) -> Result<Option<SessionRow>, Fault> {
        Ok(sessions::by_id(&self.db.global(), id).await?.filter(|session| session.user == user))
    }

    /// Ends one of the user's sessions; an ended one stays unchanged.
    pub async fn end_session(&self, user: UserId, id: SessionId, reason: EndReason) -> Result<(), IdentityError> {
        if self.session(user, id).await?.is_none() {
            return Err(Rejection::NoSession.into());
        }
        Ok(self.end_sessions(SessionSelection::One(id), reason).await.map(drop)?)
    }

    /// Ends sessions, here at once and on other nodes within seconds; how many.
    pub async fn end_sessions(&self, selection: SessionSelection, reason: EndReason) -> Result<usize, Fault> {
        let work = self.db.global().begin().await?;
        let ended_sessions = sessions::end(&work, selection, reason, self.clock.now()).await?;
        work.commit().await?;
        self.presence.end(&ended_sessions);
        Ok(ended_sessions.len())
    }

    /// Names a session, so that its user recognizes it.
    pub async fn name_session(&self, user: UserId, id: SessionId, name: Option<&str>) -> Result<SessionRow, IdentityError> {
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        if let Some(rejection) = name.and_then(|name| core::check_name(core::Field::Name, name)) {
            return Err(rejection.into());
        }
        let work = self.db.global().begin().await?;
        let exists = sessions::rename(&work, id, user, name.map(ToOwned::to_owned)).await?;
        work.commit().await?;
        let session = if exists { self.session(user, id).await? } else { None };
        Ok(session.ok_or(Rejection::NoSession)?)
    }

    /// Checks whether watched sessions were ended on other nodes, or must show more now, and
    /// notifies their watchers.
    pub async fn refresh_watched_sessions(&self) -> Result<(), Fault> {
        self.refresh_watched(&self.presence.watched_sessions()).await
    }

    /// Drops these sessions from the cache, and re-reads those that are watched here: another node
    /// has changed them.
    pub async fn refresh_cached_sessions(&self, ids: &[SessionId]) -> Result<(), Fault> {
        if ids.is_empty() {
            return Ok(());
        }
        ids.iter().for_each(|id| self.presence.invalidate_locally(*id));
        let named_ids: HashSet<&SessionId> = ids.iter().collect();
        let mut session_ids = self.presence.watched_sessions();
        session_ids.retain(|id| named_ids.contains(id));
        self.refresh_watched(&session_ids).await
    }

    async fn refresh_watched(&self, ids: &[SessionId]) -> Result<(), Fault> {
        /// Sessions in one statement.
        const CHUNK: usize = 1_000;
        for ids in ids.chunks(CHUNK) {
            let statuses = sessions::session_statuses(&self.db.global(), ids).await?;
            let is_active = |id: &SessionId| statuses.iter().any(|session| session.id == *id && !session.ended);
            let ended_sessions: Vec<SessionId> = ids.iter().filter(|id| !is_active(id)).copied().collect();
            self.presence.end_locally(&ended_sessions);
            statuses
                .into_iter()
                .filter(|session_status| session_status.must_enrol() || session_status.suspended)
                .for_each(|session_status| self.presence.tighten_locally(session_status));
        }
        Ok(())
    }

    /// Writes down when sessions were used.
    pub async fn note_use(&self) -> Result<(), Fault> {
        let used_sessions = self.presence.take_used_sessions(self.clock.monotonic());
        if !used_sessions.is_empty() {
            let now = self.clock.now();
            let work = self.db.global().begin().await?;
            sessions::touch(&work, &used_sessions, now).await?;
            work.commit().await?;
        }
        Ok(())
    }

    /// Deletes sessions that ended a month ago, logins that were not completed, and unused links.
    /// It touches rows of many users, in no order of theirs, so it waits for no lock: locked rows
    /// are left to the next run.
    pub async fn forget_old(&self) -> Result<(), Fault> {
        const RETENTION_SECONDS: i64 = 30 * 24 * 3600;
        // A device that was not used for half a year counts as new again.
        const DEVICE_SECONDS: i64 = 180 * 24 * 3600;
        let now = self.clock.now();
        let work = self.db.global().begin().await?;
        sessions::delete_expired(&work, now.plus_seconds(-RETENTION_SECONDS)).await?;
        factors::delete_expired_challenges(&work, now).await?;
        links::delete_expired(&work, now).await?;
        devices::delete_expired(&work, now.plus_seconds(-DEVICE_SECONDS)).await?;
        work.commit().await
    }
}
