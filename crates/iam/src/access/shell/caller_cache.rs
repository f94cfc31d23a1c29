//! What a member may do, looked up once and then remembered until a policy changes.

use std::sync::{Arc, PoisonError};

use entity::prelude::*;
use platform::{
    clock::Monotonic,
    metrics::{self, Lookup},
    storage::{Fault, TenantScope, replicas::Freshness},
};

use super::{Access, Compiled, REMEMBERED, STANDING};
use crate::access::{caller::Caller, core::compile, rows, set::PermissionSet};

/// A member's standing as it was read: None may not come in.
#[derive(Clone)]
pub(super) struct CachedCaller {
    caller: Option<Caller>,
    version: i64,
    read_at: Monotonic,
}

impl CachedCaller {
    fn holds(&self, asked_at: Monotonic, now: Timestamp) -> bool {
        asked_at.since(self.read_at) < STANDING && !self.has_run_out(now)
    }
    fn has_run_out(&self, now: Timestamp) -> bool {
        self.caller.as_ref().and_then(|caller| caller.permissions.until).is_some_and(|until| until <= now)
    }
}

impl Access {
    /// The member as a caller, if they may come in.
    pub async fn member(&self, tenant: TenantId, member: MemberId) -> Result<Option<Caller>, Fault> {
        let (asked_at, now) = (self.0.clock.monotonic(), self.0.clock.now());
        let cached = self.0.members.read().unwrap_or_else(PoisonError::into_inner).get(&(tenant, member)).cloned();
        let fresh = cached.as_ref().filter(|cached| cached.holds(asked_at, now));
        metrics::looked_up("members", Lookup::of(fresh));
        if let Some(cached) = fresh {
            return Ok(cached.caller.clone());
        }
        // Whatever the request reads: what is remembered has to be what is committed.
        let scope = self.0.db.tenant(tenant).fresh(Freshness::Primary);
        // The version is read before what it stands for: a change between the two is noticed the next time.
        let (is_active, version) = rows::is_active(&scope, member).await?;
        let caller = if is_active {
            let same = cached.filter(|cached| cached.version == version && cached.caller.is_some() && !cached.has_run_out(now));
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
        if members.len() >= REMEMBERED {
            members.clear();
        }
        // Nobody is remembered as shut out: a tenant that is resumed is served at once.
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

    /// What the tenant's roles give, compiled once a version.
    pub(super) async fn roles_at(&self, scope: &TenantScope, version: i64) -> Result<Compiled, Fault> {
        use platform::storage::Reads;
        let tenant = scope.tenant();
        if let Some((of, compiled)) = self.0.roles.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant)
            && *of == version
        {
            return Ok(compiled.clone());
        }
        let compiled = Arc::new(self.compiled(scope, &rows::roles(scope).await?).await?);
        let mut roles = self.0.roles.lock().unwrap_or_else(PoisonError::into_inner);
        if roles.len() >= REMEMBERED {
            roles.clear();
        }
        roles.insert(tenant, (version, compiled.clone()));
        Ok(compiled)
    }

    /// Forgets what this node knew of a tenant's rights, and lets others know. Where hints do not reach they notice within `STANDING_SECONDS`.
    pub fn forget(&self, tenant: TenantId) {
        self.forget_here(tenant);
        self.0.changed.notify_one();
        self.0.db.announcer().cluster_notices().rights(tenant);
    }

    /// Forgets what this node knew of a tenant's rights, because another node has changed them.
    pub fn forget_here(&self, tenant: TenantId) {
        self.0.roles.lock().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
        self.0.members.write().unwrap_or_else(PoisonError::into_inner).retain(|(of, _), _| *of != tenant);
        self.0.keys.write().unwrap_or_else(PoisonError::into_inner).retain(|_, cached| cached.tenant() != Some(tenant));
    }
}
