//! The `Identity` service: its parts and settings, to which other files add the calls, and
//! `TenantProvisioner`, by which a later room keeps the rights of members.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use entity::prelude::*;
use platform::{
    clock::Clock,
    rate_limit::RateLimiter,
    secrets::KeyRing,
    storage::{Database, Fault, Work},
};

use super::settings::Settings;
use crate::identity::{
    mailer::Mailer, password::Passwords, refresh_locks::KeyedQueues, session_cache::SessionCache, token::Tokens,
};

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

#[derive(Clone)]
pub struct Identity {
    pub(super) db: Database,
    pub(super) clock: Clock,
    pub(super) tokens: Tokens,
    pub(super) passwords: Passwords,
    pub(super) settings: Arc<Settings>,
    pub(super) provisioner: Arc<dyn TenantProvisioner>,
    pub(super) ring: KeyRing,
    pub(super) presence: Arc<SessionCache>,
    /// Counter of attempts: local to this process, until one is set that nodes share.
    pub(super) attempts: Arc<RwLock<RateLimiter>>,
    /// Queues of calls with the same refresh token: one runs at a time.
    pub(super) refreshing: KeyedQueues,
}

impl Identity {
    /// Counts attempts together with other nodes from now on.
    pub fn use_shared_limiter(&self, rate_limiter: RateLimiter) {
        *self.attempts.write().unwrap_or_else(PoisonError::into_inner) = rate_limiter;
    }
    pub(super) fn attempts(&self) -> RateLimiter {
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
