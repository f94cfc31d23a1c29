//! Cached rights of callers are used for `RIGHTS_CACHE_SECONDS`, or until a policy changes.

use std::{collections::HashMap, sync::Arc, time::Duration};

use entity::prelude::*;
use platform::clock::Monotonic;

use super::key_use_cache::KeyUsage;
use crate::access::{caller::Caller, cidr::Cidr, core::KeyBudget, permissions::Bits, rows::TenantKey};

/// Permissions of each role.
pub type CompiledRoles = Arc<HashMap<RoleId, Bits>>;

/// Seconds for which cached rights are used, by the process's own clock: a change made by another
/// node is noticed after that.
pub const RIGHTS_CACHE_SECONDS: i64 = 4;
pub(super) const RIGHTS_CACHE_TTL: Duration = Duration::from_secs(RIGHTS_CACHE_SECONDS.unsigned_abs());
/// Maximum cached callers; beyond it the cache is cleared.
pub(super) const MAX_CACHED_CALLERS: usize = 10_000;

/// A member's rights, as read; None if the member is not active.
#[derive(Clone)]
pub(super) struct CachedCaller {
    pub(super) caller: Option<Caller>,
    pub(super) version: i64,
    pub(super) read_at: Monotonic,
}

impl CachedCaller {
    pub fn holds(&self, asked_at: Monotonic, now: Timestamp) -> bool {
        asked_at.since(self.read_at) < RIGHTS_CACHE_TTL && !self.has_expired(now)
    }
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.caller.as_ref().and_then(|caller| caller.permissions.until).is_some_and(|until| until <= now)
    }
}

/// Result of a lookup by hash; without a key, the hash belongs to none.
#[derive(Clone)]
pub(super) struct CachedKey {
    pub(super) read_at: Monotonic,
    pub(super) key: Option<KeyRecord>,
}

#[derive(Clone)]
pub(super) struct KeyRecord {
    pub(super) home: TenantKey,
    /// None if the key is revoked, its integration is disabled, or the key is for another kind of
    /// tenant.
    pub(super) caller: Option<Caller>,
    pub(super) cidrs: Vec<Cidr>,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) budget: Option<KeyBudget>,
    pub(super) uses: Arc<KeyUsage>,
}

impl CachedKey {
    pub fn tenant(&self) -> Option<TenantId> {
        self.key.as_ref().map(|key| key.home.tenant)
    }
}
