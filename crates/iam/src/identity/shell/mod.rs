//! What people do to be let in, and what is done about those who should not be.

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
    rate_limit::{Empty, RateLimiter},
    secrets::KeyRing,
    storage::{Database, Fault, Work},
};

use super::{
    core::{ABSOLUTE_SECONDS, IDLE_SECONDS, MemberRefusal, Rejection},
    mailer::Mailer,
    password::Passwords,
    presence::Presence,
    rows::sessions::SessionRow,
    secret::{self, Purpose},
    token::Tokens,
    turns::Turns,
};

pub use factors::{Enrolment, Factor};
pub use invitations::{Invitee, Placed, Placement};
pub use keys::{OldKeys, file_store_mark, rotate as rotate_signing_key};
pub use login::{Challenge, Entered};
pub use membership::Shown;
pub use people::{LeakedKey, ProfileChange};
pub use restored::{MemberEnd, OldPasswords, end_all, end_member, end_sessions, open_sessions, remove_factors};
pub use sessions::{AdmitError, Admitted};

/// What a new tenant begins with, from rooms that come later.
#[async_trait]
pub trait TenantProvisioner: Send + Sync + 'static {
    async fn provision(&self, work: &Work, owner: MemberId) -> Result<(), Fault>;
    /// Members are about to come or go: other changes of the tenant's rights wait until the transaction ends, and what is known of them is read anew.
    async fn before_members_change(&self, work: &Work) -> Result<(), Fault>;
    /// Whether the tenant has an owner who may come in, as it stands in the transaction.
    async fn has_owner(&self, work: &Work) -> Result<bool, Fault>;
    /// Whether somebody holds all that another member holds, as it stands in the transaction.
    async fn holds_all_of(&self, work: &Work, who: MemberId, other: MemberId) -> Result<bool, Fault>;
    /// Takes all rights of a member.
    async fn take_rights(&self, work: &Work, member: MemberId) -> Result<(), Fault>;
}

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registration {
    /// Anybody, at once.
    #[default]
    Open,
    /// Anybody who has confirmed their address.
    Verified,
    /// Nobody.
    Closed,
}

/// What an operator chooses. Times are in seconds.
#[derive(Debug, Clone)]
pub struct Settings {
    pub access_seconds: i64,
    /// A session ends when it was not used for so long.
    pub idle_seconds: i64,
    /// And in any case after so long.
    pub absolute_seconds: i64,
    pub registration: Registration,
    /// How letters leave.
    pub mailer: Mailer,
    pub mail_from: String,
    /// Where links in letters lead: the pages of the operator's own site.
    pub public_url: String,
    /// Passwords that were stolen elsewhere, in small letters.
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

/// Where a call comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visit {
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
    /// The token that the device is known by; empty where one would be kept and there is none yet, None where none is kept.
    pub device: Option<String>,
}

impl Visit {
    /// What is kept of the device's token.
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
    presence: Arc<Presence>,
    /// Where attempts are counted: of this process, until one is given that is shared with other nodes.
    attempts: Arc<RwLock<RateLimiter>>,
    /// Of many calls with one refresh token one is at work.
    refreshing: Turns,
}

/// A refusal or a fault.
#[derive(Debug)]
pub enum IdentityError {
    Refused(Vec<Rejection>),
    /// Too many attempts.
    Wait {
        retry_after_ms: u64,
    },
    /// This must be shown first: a password or a code, lately.
    StepUp,
    Fault(Fault),
}
impl From<Empty> for IdentityError {
    fn from(empty: Empty) -> Self {
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

/// A session that has begun or goes on.
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
    /// Opens the room; the deployment's signing key is made on first need. Of several processes that start at once, one's key is used by all.
    pub async fn open(
        db: Database,
        clock: Clock,
        settings: Settings,
        provisioner: Arc<dyn TenantProvisioner>,
        ring: KeyRing,
    ) -> Result<Self, Fault> {
        let tokens = Tokens::new(&keys::opened_or_first(&db, &clock, &ring).await?, clock.clone())?;
        Ok(Self {
            presence: Arc::new(Presence::telling(db.announcer().cluster_notices().clone())),
            db,
            attempts: Arc::new(RwLock::new(own_attempts(&clock))),
            tokens,
            passwords: Passwords::new(clock.clone()),
            clock,
            settings: Arc::new(settings),
            provisioner,
            ring,
            refreshing: Turns::default(),
        })
    }

    /// Counts attempts together with other nodes from now on.
    pub fn share_attempts(&self, rate_limiter: RateLimiter) {
        *self.attempts.write().unwrap_or_else(PoisonError::into_inner) = rate_limiter;
    }
    fn attempts(&self) -> RateLimiter {
        self.attempts.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }
    /// How letters leave this deployment, and from whom: for other rooms' letters.
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

fn own_attempts(clock: &Clock) -> RateLimiter {
    let clock = clock.clone();
    RateLimiter::new(Arc::new(move || clock.monotonic().micros()), None)
}
