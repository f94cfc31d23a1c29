//! Registration, login, sessions and members, with the limits against abuse.

mod factors;
mod invitations;
mod keys;
mod login;
mod membership;
mod mail_quota;
mod people;
mod refresh;
mod register;
mod restored;
mod risk;
mod sandbox;
mod sessions;

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use entity::{prelude::*, tenant};
use platform::{
    clock::Clock,
    rate_limit::{InsufficientPoints, RateLimiter},
    secrets::KeyRing,
    storage::{Database, Fault, Work},
};

use super::{
    core::{ABSOLUTE_SECONDS, IDLE_SECONDS, MemberRefusal, Rejection},
    mailer::Mailer,
    password::Passwords,
    presence::SessionCache,
    rows::sessions::SessionRow,
    secret::{self, Purpose},
    token::Tokens,
    turns::KeyedQueues,
};

pub use factors::{Enrolment, Factor};
pub use invitations::{InvitationOutcome, Invitee, Placed};
pub use keys::{OldKeyPolicy, file_store_mark, rotate as rotate_signing_key};
pub use login::{Challenge, LoginOutcome};
pub use membership::AuthAge;
pub use people::{LeakedKey, ProfileChange};
pub use restored::{MembershipEnd, OldPasswordPolicy, end_all, end_member, end_sessions, open_sessions, remove_factors};
pub use sessions::{AdmitError, Admitted};

/// Rights of a new tenant and of its members, as later rooms keep them.
#[async_trait]
pub trait TenantProvisioner: Send + Sync + 'static {
    async fn provision(&self, work: &Work, owner: MemberId) -> Result<(), Fault>;
    /// Announces that members are about to join or leave: other changes of the tenant's rights wait
    /// until the transaction ends, and cached rights are read again.
    async fn before_members_change(&self, work: &Work) -> Result<(), Fault>;
    /// Whether the tenant has an active owner, as read in the transaction.
    async fn has_owner(&self, work: &Work) -> Result<bool, Fault>;
    /// Whether a member holds all rights of another, as read in the transaction.
    async fn holds_all_of(&self, work: &Work, who: MemberId, other: MemberId) -> Result<bool, Fault>;
    /// Takes all rights of a member.
    async fn revoke_all_rights(&self, work: &Work, member: MemberId) -> Result<(), Fault>;
}

/// Registration policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registration {
    /// Anybody, at once.
    #[default]
    Open,
    /// Anybody who has confirmed their address.
    Verified,
    /// Registration is closed.
    Closed,
}

/// Settings of the operator. Times are in seconds.
#[derive(Debug, Clone)]
pub struct Settings {
    pub access_seconds: i64,
    /// Seconds without use after which a session ends.
    pub idle_seconds: i64,
    /// Seconds after which a session ends in any case.
    pub absolute_seconds: i64,
    pub registration: Registration,
    /// Delivery of e-mails.
    pub mailer: Mailer,
    pub mail_from: String,
    /// Base URL of links in e-mails: the pages of the operator's own site.
    pub public_url: String,
    /// Passwords known from breaches elsewhere, in lower case.
    pub denied: Arc<HashSet<String>>,
}
impl Default for Settings {
    fn default() -> Self {
        Self {
            access_seconds: 600,
            idle_seconds: IDLE_SECONDS,
            absolute_seconds: ABSOLUTE_SECONDS,
            registration: Registration::Open,
            mailer: Mailer::None,
            mail_from: "Entrepot <entrepot@localhost>".to_owned(),
            public_url: "http://localhost:8080".to_owned(),
            denied: Arc::default(),
        }
    }
}

/// Origin of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visit {
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
    /// The device token of the client; empty if the client could store one but has none yet, None
    /// if it cannot.
    pub device: Option<String>,
}

impl Visit {
    /// Returns the hash that is stored of the device's token.
    fn device_hash(&self) -> Option<[u8; 32]> {
        self.device.as_deref().and_then(|token| secret::kept(token, Purpose::Device))
    }
}

#[derive(Clone)]
pub struct Identity {
    db: Database,
    clock: Clock,
    tokens: Tokens,
    passwords: Passwords,
    settings: Arc<Settings>,
    provisioner: Arc<dyn TenantProvisioner>,
    ring: KeyRing,
    presence: Arc<SessionCache>,
    /// Counter of attempts: local to this process, until one is set that nodes share.
    attempts: Arc<RwLock<RateLimiter>>,
    /// Queues of calls with the same refresh token: one runs at a time.
    refreshing: KeyedQueues,
}

/// A refusal or a fault.
#[derive(Debug)]
pub enum IdentityError {
    Refused(Vec<Rejection>),
    /// Too many attempts.
    Wait {
        retry_after_ms: u64,
    },
    /// A recent step-up is required first: a password or a code.
    StepUp,
    Fault(Fault),
}
impl From<InsufficientPoints> for IdentityError {
    fn from(empty: InsufficientPoints) -> Self {
        Self::Wait { retry_after_ms: empty.wait_ms() }
    }
}
impl From<Fault> for IdentityError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<MemberRefusal> for IdentityError {
    fn from(why: MemberRefusal) -> Self {
        Rejection::from(why).into()
    }
}
impl From<Rejection> for IdentityError {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(vec![rejection])
    }
}

/// A session that has begun or continues.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    pub access_token: String,
    pub access_expires_at: Timestamp,
    pub refresh_token: String,
    pub refresh_expires_at: Timestamp,
    pub session: SessionRow,
    pub tenant: tenant::Model,
    /// The token that the device is known by from now on, if it keeps one and has none yet.
    pub device: Option<String>,
}

impl Identity {
    /// Opens the room; the deployment's signing key is created on first need. If several processes
    /// start at once, all use the key of one of them.
    pub async fn open(
        db: Database,
        clock: Clock,
        settings: Settings,
        provisioner: Arc<dyn TenantProvisioner>,
        ring: KeyRing,
    ) -> Result<Self, Fault> {
        let tokens = Tokens::new(&keys::load_or_create_keys(&db, &clock, &ring).await?, clock.clone())?;
        Ok(Self {
            presence: Arc::new(SessionCache::with_notices(db.announcer().cluster_notices().clone())),
            db,
            attempts: Arc::new(RwLock::new(local_limiter(&clock))),
            tokens,
            passwords: Passwords::new(clock.clone()),
            clock,
            settings: Arc::new(settings),
            provisioner,
            ring,
            refreshing: KeyedQueues::default(),
        })
    }

    /// Counts attempts together with other nodes from now on.
    pub fn use_shared_limiter(&self, rate_limiter: RateLimiter) {
        *self.attempts.write().unwrap_or_else(PoisonError::into_inner) = rate_limiter;
    }
    fn attempts(&self) -> RateLimiter {
        self.attempts.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }
    /// Returns the mailer of this deployment and the sender's address, for e-mails of other rooms.
    pub fn mailer(&self) -> (&Mailer, &str) {
        (&self.settings.mailer, &self.settings.mail_from)
    }
    pub fn database(&self) -> &Database {
        &self.db
    }
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}

fn local_limiter(clock: &Clock) -> RateLimiter {
    let clock = clock.clone();
    RateLimiter::new(Arc::new(move || clock.monotonic().micros()), None)
}
