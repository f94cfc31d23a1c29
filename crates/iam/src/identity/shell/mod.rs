//! Registration, login, sessions and members, with the limits against abuse.

mod error;
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
mod service;
mod sessions;
mod settings;

use std::sync::{Arc, RwLock};

use platform::{
    clock::Clock,
    rate_limit::RateLimiter,
    secrets::KeyRing,
    storage::{Database, Fault},
};

use super::{password::Passwords, refresh_locks::KeyedQueues, session_cache::SessionCache, token::Tokens};

pub use error::IdentityError;
pub use factors::{Enrolment, Factor};
pub use invitations::{AddedMember, InvitationOutcome, Invitee};
pub use keys::{OldKeyPolicy, file_store_mark, rotate as rotate_signing_key};
pub use login::{Challenge, LoginOutcome};
pub use membership::AuthAge;
pub use people::{LeakedKey, ProfileChange};
pub use restored::{MembershipEnd, OldPasswordPolicy, end_all, end_member, end_sessions, open_sessions, remove_factors};
pub use service::{Identity, TenantProvisioner};
pub use sessions::{AdmitError, AuthenticatedRequest, SessionTokens};
pub use settings::{Registration, Settings};

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
}

fn local_limiter(clock: &Clock) -> RateLimiter {
    let clock = clock.clone();
    RateLimiter::new(Arc::new(move || clock.monotonic().micros()), None)
}
