//! Rights of a member, read from the rows and cached (`caller_cache`).

use std::sync::{Arc, PoisonError};

use entity::prelude::*;
use platform::{
    metrics::{self, Lookup},
    storage::{Fault, TenantScope, replicas::Freshness},
};

use super::{
    caller_cache::{CachedCaller, CompiledRoles, MAX_CACHED_CALLERS},
    service::Access,
};
use crate::access::{caller::Caller, core::compile, rows, set::PermissionSet};

impl Access {
    /// The member as a caller, if they are active.
    pub async fn member(&self, tenant: TenantId, member: MemberId) -> Result<Option<Caller>, Fault> {
        let (asked_at, now) = (self.0.clock.monotonic(), self.0.clock.now());
        let cached = self.0.members.read().unwrap_or_else(PoisonError::into_inner).get(&(tenant, member)).cloned();
        let fresh_caller = cached.as_ref().filter(|cached| cached.holds(asked_at, now));
        metrics::count_lookup("members", Lookup::of(fresh_caller));
        if let Some(cached) = fresh_caller {
            return Ok(cached.caller.clone());
        }
        // The primary is read, regardless of the request's freshness: only committed values may be
        // cached.
        let scope = self.0.db.tenant(tenant).with_freshness(Freshness::Primary);
        // The version is read before the values that it covers: a change between the two is noticed
        // at the next lookup.
        let (is_active, version) = rows::is_active(&scope, member).await?;
        let caller = if is_active {
            let current =
                cached.filter(|cached| cached.version == version && cached.caller.is_some() && !cached.has_expired(now));
            if let Some(cached) = current {
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
        let group_ids: Vec<GroupId> = grants.iter().flat_map(|grant| grant.scope.groups()).copied().collect();
        let groups = rows::members_of(scope, &group_ids).await?;
        Ok(compile(&grants, &roles, &groups, self.0.clock.now()))
    }

    /// Returns the permissions of the tenant's roles, compiled once for each version.
    pub(super) async fn roles_at(&self, scope: &TenantScope, version: i64) -> Result<CompiledRoles, Fault> {
        use platform::storage::Reads;
        let tenant = scope.tenant();
        if let Some((cached_version, compiled_roles)) = self.0.roles.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant)
            && *cached_version == version
        {
            return Ok(compiled_roles.clone());
        }
        let compiled_roles = Arc::new(self.compile_roles(scope, &rows::roles(scope).await?).await?);
        let mut roles = self.0.roles.lock().unwrap_or_else(PoisonError::into_inner);
        if roles.len() >= MAX_CACHED_CALLERS {
            roles.clear();
        }
        roles.insert(tenant, (version, compiled_roles.clone()));
        Ok(compiled_roles)
    }
}
