//! Sessions: begun, kept up, looked at, ended.

use std::{collections::HashSet, sync::Arc};

use entity::{prelude::*, tenant};
use platform::{
    audit::{self, AuditContext, AuditWriter, Origin, Target},
    metrics::{self, Lookup},
    storage::{Fault, GlobalWork},
};
use tokio::sync::watch;

use super::{Identity, IdentityError, LoggedIn, Visit};
use crate::identity::{
    core::{self, Rejection, Risk},
    emails::EmailKind,
    presence::CachedSession,
    rows::{
        self, Membership, devices, factors, links, refresh,
        sessions::{self, EndReason, SessionRow, SessionStatus, Which},
    },
    secret::{self, Purpose},
    token::{Claims, Subject, TokenUse},
};

/// A request that was let in.
pub struct Admitted {
    pub claims: Arc<Claims>,
    cached: Arc<CachedSession>,
}

impl Admitted {
    pub fn session_status(&self) -> &SessionStatus {
        self.cached.session_status()
    }
    /// Becomes true when the session ends.
    pub fn ended(&self) -> watch::Receiver<bool> {
        self.cached.watch()
    }
    /// Whether the person must enrol a second factor before anything else.
    pub fn must_enrol(&self) -> bool {
        self.session_status().must_enrol()
    }
}

/// Why a request was not let in.
#[derive(Debug)]
pub enum AdmitError {
    /// The token is not good, or its session has ended: which of them is not said.
    Token,
    /// The session goes on, but its tenant is suspended.
    Suspended,
    Fault(Fault),
}
impl From<Fault> for AdmitError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What the person of a new session has shown, when, and from which session it comes, where it comes from one: that ends it, at the latest at this moment.
pub(super) struct Proven {
    pub auth_at: Timestamp,
    /// When they showed a second factor.
    pub mfa_at: Option<Timestamp>,
    pub from: Option<(SessionId, Timestamp)>,
}

impl Proven {
    /// At a login: it comes from nowhere.
    pub fn now(auth_at: Timestamp, mfa_at: Option<Timestamp>) -> Self {
        Self { auth_at, mfa_at, from: None }
    }
}

/// The longest name of a session and the longest user agent that is kept of one, in characters.
pub(super) const NAME: usize = 255;

impl Identity {
    /// Lets in whoever shows an access token of a session that goes on. Costs no query when both were seen in the last seconds.
    pub async fn admit(&self, token: &str, origin: &Origin) -> Result<Admitted, AdmitError> {
        let (claims, sight) = self.tokens.verify(token).map_err(|_| AdmitError::Token)?;
        let (asked_at, now) = (self.clock.monotonic(), self.clock.now());
        let fresh = self.presence.fresh(claims.sid, asked_at);
        metrics::looked_up("sessions", Lookup::of(fresh.as_ref()));
        let cached = if let Some(cached) = fresh {
            cached
        } else {
            let found = sessions::session_statuses(&self.db.global(), &[claims.sid]).await?.pop();
            self.presence.keep(found.ok_or(AdmitError::Token)?, asked_at)
        };
        let session_status = cached.session_status();
        if cached.has_ended() || session_status.ends_at <= now || session_status.user != claims.sub {
            return Err(AdmitError::Token);
        }
        if sight == TokenUse::First {
            let work = self.db.global().begin().await?;
            let is_own = refresh::seen(&work, claims.jti, now).await?;
            work.commit().await?;
            if !is_own {
                Box::pin(self.end_stolen(&claims, origin)).await?;
                return Err(AdmitError::Token);
            }
            self.tokens.remember(token, claims.clone());
        }
        if session_status.suspended {
            return Err(AdmitError::Suspended);
        }
        Ok(Admitted { claims, cached })
    }

    /// Ends the session of an access token whose pair was withdrawn, with an entry in the audit log: no mutation is there to carry one.
    async fn end_stolen(&self, claims: &Claims, origin: &Origin) -> Result<(), Fault> {
        let (origin, audit_writer) =
            (Origin { session: Some(claims.sid), ..origin.clone() }, AuditWriter::new(self.ring.clone(), self.clock.clone()));
        let audit_context = AuditContext::new("session.end".to_owned(), origin, audit_writer, None, Some(Target::of(claims.sid)));
        let ended = audit_context.over(async {
            audit::attribute(claims.tid, Actor::member(claims.mid));
            audit::refused("REFRESH_TOKEN_REUSED");
            self.end_family(claims.sid).await
        });
        Box::pin(ended).await
    }

    /// Ends a session of which a token came back that is somebody else's, and tells its owner. The transaction is one of its own, which has locked nothing yet: what
    /// was switched to from the session may come before it in the order of the IDs, where clocks differ.
    pub(super) async fn end_family(&self, session: SessionId) -> Result<(), Fault> {
        let work = self.db.global().begin().await?;
        let ended = sessions::end(&work, Which::One(session), EndReason::Reuse, self.clock.now()).await?;
        let owner = match sessions::by_id(&work, session).await? {
            Some(row) if !ended.is_empty() => rows::user(&work, row.user).await?,
            _ => None,
        };
        work.commit().await?;
        self.presence.end(&ended);
        if let Some(owner) = owner {
            self.write(EmailKind::SessionStolen, &owner.email, &owner.display_name);
        }
        tracing::warn!(%session, "a token came back after it was used or withdrawn: the session is ended");
        Ok(())
    }

    /// Begins a session of a member.
    pub(super) async fn begin_session(
        &self,
        work: &GlobalWork,
        membership: &Membership,
        tenant: tenant::Model,
        shown: Proven,
        (visit, risk): (&Visit, Risk),
    ) -> Result<LoggedIn, Fault> {
        let now = self.clock.now();
        let tenants_own = rows::strictness(work, membership.tenant).await?.seconds;
        let seconds = self.settings.absolute_seconds.min(tenants_own.unwrap_or(i64::MAX));
        let latest = now.plus_seconds(seconds);
        let session = SessionRow {
            id: self.clock.id(),
            user: membership.user,
            tenant: membership.tenant,
            member: membership.member,
            name: None,
            user_agent: visit.agent(),
            address: visit.address.map(|address| address.to_string()),
            created_at: now,
            used_at: now,
            auth_at: shown.auth_at,
            mfa_at: shown.mfa_at,
            ends_at: shown.from.map_or(latest, |(_, ends_at)| ends_at.min(latest)),
            ended_at: None,
            risk,
            begun_from: shown.from.map(|(id, _)| id),
        };
        sessions::insert(work, &session).await?;
        let (_, logged_in) = self.issue(work, session, membership, tenant).await?;
        Ok(LoggedIn { device: self.note_device(work, membership.user, visit).await?, ..logged_in })
    }

    /// A pair of tokens for a session, drawn anew; the refresh token is written down.
    pub(super) async fn issue(
        &self,
        work: &GlobalWork,
        session: SessionRow,
        membership: &Membership,
        tenant: tenant::Model,
    ) -> Result<(RefreshTokenId, LoggedIn), Fault> {
        let (id, (token, hash)) = (self.clock.id(), secret::draw(&self.clock, Purpose::Refresh));
        Ok((id, self.issue_as(work, (session, tenant), membership, (id, token, hash)).await?))
    }

    /// A pair of tokens for a session with this refresh token, which is written down.
    pub(super) async fn issue_as(
        &self,
        work: &GlobalWork,
        (session, tenant): (SessionRow, tenant::Model),
        membership: &Membership,
        (id, refresh_token, hash): (RefreshTokenId, String, [u8; 32]),
    ) -> Result<LoggedIn, Fault> {
        let now = self.clock.now();
        let tenants_own = rows::strictness(work, session.tenant).await?.idle_seconds;
        let idle = self.settings.idle_seconds.min(tenants_own.unwrap_or(i64::MAX));
        let expires_at = now.plus_seconds(idle).min(session.ends_at);
        refresh::insert(work, refresh::NewToken { id, hash, session: session.id, issued_at: now, expires_at }).await?;
        self.pair((session, tenant), membership, (id, refresh_token, expires_at))
    }

    /// A refresh token that is written down, and an access token that goes with it.
    pub(super) fn pair(
        &self,
        (session, tenant): (SessionRow, tenant::Model),
        membership: &Membership,
        (id, refresh_token, refresh_expires_at): (RefreshTokenId, String, Timestamp),
    ) -> Result<LoggedIn, Fault> {
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
        let left = (session.ends_at.micros() - self.clock.now().micros()) / 1_000_000;
        let claims = self.tokens.claims(&subject, id, self.settings.access_seconds.min(left));
        Ok(LoggedIn {
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

    /// A session of the user, whether it goes on or not.
    pub async fn session(&self, user: UserId, id: SessionId) -> Result<Option<SessionRow>, Fault> {
        Ok(sessions::by_id(&self.db.global(), id).await?.filter(|session| session.user == user))
    }

    /// Ends one of the user's sessions; one that has ended already stays so.
    pub async fn end_session(&self, user: UserId, id: SessionId, why: EndReason) -> Result<(), IdentityError> {
        if self.session(user, id).await?.is_none() {
            return Err(Rejection::NoSession.into());
        }
        Ok(self.end_sessions(Which::One(id), why).await.map(drop)?)
    }

    /// Ends sessions, here at once and on other nodes within seconds; how many.
    pub async fn end_sessions(&self, which: Which, why: EndReason) -> Result<usize, Fault> {
        let work = self.db.global().begin().await?;
        let ended = sessions::end(&work, which, why, self.clock.now()).await?;
        work.commit().await?;
        self.presence.end(&ended);
        Ok(ended.len())
    }

    /// Names a session, so that its user knows it again.
    pub async fn name_session(&self, user: UserId, id: SessionId, name: Option<&str>) -> Result<SessionRow, IdentityError> {
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        if let Some(wrong) = name.and_then(|name| core::check_name(core::Field::Name, name)) {
            return Err(wrong.into());
        }
        let work = self.db.global().begin().await?;
        let is_there = sessions::rename(&work, id, user, name.map(ToOwned::to_owned)).await?;
        work.commit().await?;
        let session = if is_there { self.session(user, id).await? } else { None };
        Ok(session.ok_or(Rejection::NoSession)?)
    }

    /// Looks whether sessions that somebody here watches were ended elsewhere, or must show more now, and tells.
    pub async fn notice_ends(&self) -> Result<(), Fault> {
        self.notice_ends_of(&self.presence.watched()).await
    }

    /// Forgets what was known of these sessions, and looks at those of them that somebody here watches: another node has changed them.
    pub async fn look_again(&self, ids: &[SessionId]) -> Result<(), Fault> {
        if ids.is_empty() {
            return Ok(());
        }
        ids.iter().for_each(|id| self.presence.forget_here(*id));
        let spoken_of: HashSet<&SessionId> = ids.iter().collect();
        let mut watched = self.presence.watched();
        watched.retain(|id| spoken_of.contains(id));
        self.notice_ends_of(&watched).await
    }

    async fn notice_ends_of(&self, ids: &[SessionId]) -> Result<(), Fault> {
        /// Sessions in one statement.
        const CHUNK: usize = 1_000;
        for ids in ids.chunks(CHUNK) {
            let found = sessions::session_statuses(&self.db.global(), ids).await?;
            let goes_on = |id: &SessionId| found.iter().any(|session| session.id == *id && !session.ended);
            let ended: Vec<SessionId> = ids.iter().filter(|id| !goes_on(id)).copied().collect();
            self.presence.end_here(&ended);
            found
                .into_iter()
                .filter(|session_status| session_status.must_enrol() || session_status.suspended)
                .for_each(|session_status| self.presence.tighten_here(session_status));
        }
        Ok(())
    }

    /// Writes down when sessions were used.
    pub async fn note_use(&self) -> Result<(), Fault> {
        let used = self.presence.used(self.clock.monotonic());
        if !used.is_empty() {
            let now = self.clock.now();
            let work = self.db.global().begin().await?;
            sessions::touch(&work, &used, now).await?;
            work.commit().await?;
        }
        Ok(())
    }

    /// Forgets sessions that ended a month ago, logins that were not gone on with, and links that were not used. It has rows of many people, in no order of theirs,
    /// so it waits for nobody's: what somebody else has is left to the next time.
    pub async fn forget_old(&self) -> Result<(), Fault> {
        const KEPT_SECONDS: i64 = 30 * 24 * 3600;
        // A device that was not used for half a year is new again.
        const DEVICE_SECONDS: i64 = 180 * 24 * 3600;
        let now = self.clock.now();
        let work = self.db.global().begin().await?;
        sessions::forget(&work, now.plus_seconds(-KEPT_SECONDS)).await?;
        factors::forget_challenges(&work, now).await?;
        links::forget(&work, now).await?;
        devices::forget(&work, now.plus_seconds(-DEVICE_SECONDS)).await?;
        work.commit().await
    }
}
