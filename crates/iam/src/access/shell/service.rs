//! The `Access` service holds the caches of rights, and begins and ends each change of them.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use entity::prelude::*;
use platform::{
    audit::{AuditContext, AuditWriter, Origin, Target},
    clock::Clock,
    storage::{
        Database, Fault, Reads, Work, is_suspended,
        journal::{self, NewEvent},
    },
};
use tokio::sync::Notify;

use super::{
    caller_cache::{CachedCaller, CachedKey, CompiledRoles},
    live_rights::{Entry, WatchedSubject},
};
use crate::access::{
    caller::{Caller, Permit},
    core::{Role, compile},
    permissions::Bits,
    policy::Policies,
    rows::{self, TenantKey},
    set::PermissionSet,
};

/// The room's service.
#[derive(Clone)]
pub struct Access(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Database,
    pub(super) clock: Clock,
    pub(super) policies: Policies,
    pub(super) audit_writer: Option<AuditWriter>,
    /// Permissions of a tenant's roles, with the version of its policies.
    pub(super) roles: Mutex<HashMap<TenantId, (i64, CompiledRoles)>>,
    pub(super) members: RwLock<HashMap<(TenantId, MemberId), CachedCaller>>,
    pub(super) keys: RwLock<HashMap<[u8; 32], CachedKey>>,
    pub(super) live: Mutex<HashMap<WatchedSubject, Entry>>,
    /// Signals that rights were changed on this node, so that watchers refresh at once.
    pub(super) changed: Notify,
}

/// The changed value, and the `seq` of its event.
#[derive(Debug, Clone)]
pub struct ChangedValue<T> {
    pub value: T,
    /// None if nothing had to be written.
    pub seq: Option<i64>,
}

impl Access {
    pub fn new(db: Database, clock: Clock, policies: Policies) -> Self {
        Self::with(db, clock, policies, None)
    }
    /// The same, with a writer of audit entries for changes without a request: a key used from a
    /// new address, a key that leaked.
    pub fn with_audit_writer(db: Database, clock: Clock, policies: Policies, audit_writer: AuditWriter) -> Self {
        Self::with(db, clock, policies, Some(audit_writer))
    }
    fn with(db: Database, clock: Clock, policies: Policies, audit_writer: Option<AuditWriter>) -> Self {
        Self(Arc::new(Inner {
            audit_writer,
            db,
            clock,
            policies,
            roles: Mutex::default(),
            members: RwLock::default(),
            keys: RwLock::default(),
            live: Mutex::default(),
            changed: Notify::new(),
        }))
    }
    pub fn database(&self) -> &Database {
        &self.0.db
    }
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Runs a future whose commits get an entry in the tenant's audit log.
    pub(super) async fn with_audit_log<T>(
        &self,
        (action, actor): (&str, Actor),
        home: TenantKey,
        address: Option<IpAddr>,
        commit: impl Future<Output = T>,
    ) -> T {
        let Some(audit_writer) = &self.0.audit_writer else { return commit.await };
        let origin = Origin { ip: address.map(|address| address.to_string()), ..Origin::default() };
        let tenant_actor = Some((home.tenant, actor));
        let commit = Box::pin(commit);
        AuditContext::new(action.to_owned(), origin, audit_writer.clone(), tenant_actor, Some(Target::of(home.key)))
            .run_within(commit)
            .await
    }

    /// Whether the operator has suspended the tenant.
    pub async fn is_suspended(&self, tenant: TenantId) -> Result<bool, Fault> {
        is_suspended(&self.0.db.tenant(tenant)).await
    }

    /// Begins a change of the tenant's rights.
    pub(super) async fn begin<P>(&self, permit: &Permit<P>) -> Result<Work, Fault> {
        let work = permit.scope(&self.0.db).begin().await?;
        rows::bump_rights_version(&work).await?;
        Ok(work)
    }

    /// Begins a change that also writes credentials, whose tables are global.
    pub(super) async fn begin_with_credentials<P>(&self, permit: &Permit<P>) -> Result<Work, Fault> {
        let work = self.0.db.global().maintenance_for(permit.tenant()).await?;
        rows::bump_rights_version(&work).await?;
        Ok(work)
    }

    /// Ends a change: writes its event, commits, and drops the tenant's cached rights.
    pub(super) async fn end(&self, mut work: Work, event: NewEvent) -> Result<Option<i64>, Fault> {
        let tenant = work.tenant();
        let seq = journal::append(&mut work, vec![event], self.0.clock.now()).await?;
        work.commit().await?;
        self.invalidate(tenant);
        Ok(seq)
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
        self.0.members.write().unwrap_or_else(PoisonError::into_inner).retain(|(cached_tenant, _), _| *cached_tenant != tenant);
        self.0.keys.write().unwrap_or_else(PoisonError::into_inner).retain(|_, cached| cached.tenant() != Some(tenant));
    }

    /// Returns the caller's current rights, read in this transaction and limited to those of the
    /// request: a right that was revoked meanwhile cannot be passed on.
    pub(super) async fn current_permissions(&self, work: &Work, caller: &Caller) -> Result<PermissionSet, Fault> {
        if caller.actor.kind != ActorKind::Member {
            return Ok(PermissionSet::default());
        }
        let member = MemberId::from_uuid(caller.actor.id);
        let (is_active, _) = rows::is_active(work, member).await?;
        if !is_active {
            return Ok(PermissionSet::default());
        }
        let mut current = self.granted_permissions(work, member).await?.and(&caller.permissions);
        current.until = current.until.or(caller.permissions.until);
        Ok(current)
    }

    /// Returns the permissions of a member's grants, read in this transaction.
    async fn granted_permissions(&self, work: &Work, member: MemberId) -> Result<PermissionSet, Fault> {
        let grants = rows::grants_of(work, member).await?;
        let roles = self.compile_roles(work, &rows::roles(work).await?).await?;
        let group_ids: Vec<GroupId> = grants.iter().flat_map(|grant| grant.scope.groups()).copied().collect();
        let groups = rows::members_of(work, &group_ids).await?;
        Ok(compile(&grants, &roles, &groups, self.0.clock.now()))
    }

    /// Whether a member holds all rights of another, as read in the transaction: for rooms that
    /// suspend and remove members.
    pub async fn holds_all_of(&self, work: &Work, member: MemberId, other: MemberId) -> Result<bool, Fault> {
        let (is_active, _) = rows::is_active(work, member).await?;
        Ok(is_active
            && self
                .granted_permissions(work, member)
                .await?
                .first_missing(&self.granted_permissions(work, other).await?)
                .is_none())
    }

    pub(super) async fn compile_roles(&self, reads: &impl Reads, roles: &[Role]) -> Result<HashMap<RoleId, Bits>, Fault> {
        self.0.policies.compile(reads.tenant(), roles).await.map_err(|err| Fault::Broken(err.to_string()))
    }
}
