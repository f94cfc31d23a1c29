//! Cache of the permissions of members, valid until a policy changes.

use std::sync::{Arc, PoisonError};

use entity::prelude::*;
use platform::{
    clock::Monotonic,
    metrics::{self, Lookup},
    storage::{Fault, TenantScope, replicas::Freshness},
};

use super::{Access, CompiledRoles, MAX_CACHED_CALLERS, RIGHTS_CACHE_TTL};
use crate::access::{caller::Caller, core::compile, rows, set::PermissionSet};

/// A member's rights, as read; None if the member is not active.
#[derive(Clone)]
pub(super) struct CachedCaller {
    caller: Option<Caller>,
    version: i64,
    read_at: Monotonic,
}

impl CachedCaller {
    fn holds(&self, asked_at: Monotonic, now: Timestamp) -> bool {
        asked_at.since(self.read_at) < RIGHTS_CACHE_TTL && !self.has_expired(now)
    }
    fn has_expired(&self, now: Timestamp) -> bool {
        self.caller.as_ref().and_then(|caller| caller.permissions.until).is_some_and(|until| until <= now)
    }
}

impl Access {
    /// The member as a caller, if they are active.
    pub async fn member(&self, tenant: TenantId, member: MemberId) -> Result<Option<Caller>, Fault> {
        let (asked_at, now) = (self.0.clock.monotonic(), self.0.clock.now());
        let cached = self.0.members.read().unwrap_or_else(PoisonError::into_inner).get(&(tenant, member)).cloned();
        let fresh = cached.as_ref().filter(|cached| cached.holds(asked_at, now));
        metrics::count_lookup("members", Lookup::of(fresh));
        if let Some(cached) = fresh {
            return Ok(cached.caller.clone());
        }
        // The primary is read, regardless of the request's freshness: only committed values may be
        // cached.
        let scope = self.0.db.tenant(tenant).fresh(Freshness::Primary);
        // The version is read before the values that it covers: a change between the two is noticed
        // at the next lookup.
        let (is_active, version) = rows::is_active(&scope, member).await?;
        let caller = if is_active {
            let same = cached.filter(|cached| cached.version == version && cached.caller.is_some() && !cached.has_expired(now));
            if let Some(cached) = same {
                cached.caller
            } else {
                let permissions = self.member_permissions(&scope, member, version).await?;
                Some(Caller::new(tenant, Actor::member(member), permissions))
            }
        } else {
            None
        };
        let mut members = self.0.members.write().unwrap_or_else(PoisonError::into_inner);
        if members.len() >= MAX_CACHED_CALLERS {
            members.clear();
        }
        // Inactive members are not cached: a tenant that is resumed is served at once.
        if caller.is_some() {
            members.insert((tenant, member), CachedCaller { caller: caller.clone(), version, read_at: asked_at });
        } else {
            members.remove(&(tenant, member));
        }
        Ok(caller)
    }

    async fn member_permissions(&self, scope: &TenantScope, member: MemberId, version: i64) -> Result<PermissionSet, Fault> {
        let grants = rows::grants_of(scope, member).await?;
        let roles = self.roles_at(scope, version).await?;
        let named: Vec<GroupId> = grants.iter().flat_map(|grant| grant.scope.groups()).copied().collect();
        let groups = rows::members_of(scope, &named).await?;
        Ok(compile(&grants, &roles, &groups, self.0.clock.now()))
    }

    /// Returns the permissions of the tenant's roles, compiled once for each version.
    pub(super) async fn roles_at(&self, scope: &TenantScope, version: i64) -> Result<CompiledRoles, Fault> {
        use platform::storage::Reads;
        let tenant = scope.tenant();
        if let Some((of, compiled)) = self.0.roles.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant)
            && *of == version
        {
            return Ok(compiled.clone());
        }
        let compiled = Arc::new(self.compiled(scope, &rows::roles(scope).await?).await?);
        let mut roles = self.0.roles.lock().unwrap_or_else(PoisonError::into_inner);
        if roles.len() >= MAX_CACHED_CALLERS {
            roles.clear();
        }
        roles.insert(tenant, (version, compiled.clone()));
        Ok(compiled)
    }

    /// Drops this node's cached rights of a tenant and notifies other nodes. Nodes that miss the
    /// notice find out within `RIGHTS_CACHE_SECONDS`.
    pub fn invalidate(&self, tenant: TenantId) {
        self.invalidate_locally(tenant);
        self.0.changed.notify_one();
        self.0.db.announcer().cluster_notices().rights(tenant);
    }

    /// Drops this node's cached rights of a tenant, because another node has changed them.
    pub fn invalidate_locally(&self, tenant: TenantId) {
        self.0.roles.lock().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
        self.0.members.write().unwrap_or_else(PoisonError::into_inner).retain(|(of, _), _| *of != tenant);
        self.0.keys.write().unwrap_or_else(PoisonError::into_inner).retain(|_, cached| cached.tenant() != Some(tenant));
    }
}
