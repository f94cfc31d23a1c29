//! From the secret of a key to a caller. Junk is refused by its checksum; a key that is in use costs no statement while it is remembered.

use std::{
    net::IpAddr,
    sync::{Arc, PoisonError},
};

use entity::prelude::*;
use platform::{
    metrics::{self, Lookup},
    storage::{Fault, Reads, TenantScope, replicas::Freshness},
};

use super::{
    caller_cache::{CachedKey, KeyRecord, MAX_CACHED_CALLERS, RIGHTS_CACHE_TTL},
    key_use_cache::KeyUsage,
    service::Access,
};
use crate::access::{
    caller::Caller,
    cidr::Cidr,
    core::{
        ApiKey, Integration, KeyBudget,
        key::{Kind, Secret, kind_of},
        rights,
    },
    rows::{self, KeyWithIntegration, TenantKey},
    set::PermissionSet,
};

/// Caller that authenticated with a key.
#[derive(Debug, Clone)]
pub struct KeyCaller {
    pub caller: Caller,
    pub key: ApiKeyId,
    pub hash: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// The key's share of its integration's budget.
    pub budget: Option<KeyBudget>,
}

/// A program for which something is done while it does not call.
#[derive(Debug, Clone)]
pub struct ProgramWithBudget {
    pub caller: Caller,
    /// Creation time of its key.
    pub created_at: Timestamp,
    /// The key's share of its integration's budget.
    pub budget: Option<KeyBudget>,
}

/// Reason why a key is not accepted. Callers get no reason.
#[derive(Debug)]
pub enum KeyAuthError {
    /// The string is not a key; the database was not queried.
    Malformed,
    /// The key is unknown, has ended, or came from another network.
    NotAccepted,
    /// The tenant is suspended; the key is accepted again when it is resumed.
    Suspended,
    Fault(Fault),
}
impl From<Fault> for KeyAuthError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Access {
    /// Authenticates the caller by a secret and the address of the request.
    pub async fn key(&self, token: &str, address: Option<IpAddr>) -> Result<KeyCaller, KeyAuthError> {
        let secret = Secret::parse(token).ok_or(KeyAuthError::Malformed)?;
        let hash = secret.hash();
        let record = self.cached_key(&hash).await?.ok_or(KeyAuthError::NotAccepted)?;
        let caller = self.unexpired_caller(&record).ok_or(KeyAuthError::NotAccepted)?;
        let is_from_there = |address: IpAddr| record.cidrs.iter().any(|network| network.contains(address));
        if !record.cidrs.is_empty() && !address.is_some_and(is_from_there) {
            return Err(KeyAuthError::NotAccepted);
        }
        if record.home.suspended_at.is_some() {
            return Err(KeyAuthError::Suspended);
        }
        self.note_use(&record, caller.actor, address);
        let KeyRecord { created_at, expires_at, budget, .. } = record;
        Ok(KeyCaller { caller, key: record.home.key, hash, created_at, expires_at, budget })
    }

    /// Returns the caller of the key with this hash; None if the key has ended.
    pub(super) async fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<Caller>, Fault> {
        Ok(self.cached_key(hash).await?.and_then(|record| self.active_caller(&record)))
    }

    /// Returns the caller of a tenant's key, for work on its behalf outside a request; None if the
    /// key has ended.
    pub async fn program(&self, tenant: TenantId, key: ApiKeyId) -> Result<Option<Caller>, Fault> {
        let home = rows::read_tenant_key(&self.primary_scope(tenant), key).await?;
        let record = self.read_key(home, Arc::default()).await?;
        Ok(record.and_then(|record| self.active_caller(&record)))
    }

    /// Returns the caller of a tenant's key with the key's creation time and its budget.
    pub async fn program_with_budget(&self, tenant: TenantId, key: ApiKeyId) -> Result<Option<ProgramWithBudget>, Fault> {
        let home = rows::read_tenant_key(&self.primary_scope(tenant), key).await?;
        let Some(record) = self.read_key(home, Arc::default()).await? else { return Ok(None) };
        let terms = |caller| ProgramWithBudget { caller, created_at: record.created_at, budget: record.budget };
        Ok(self.active_caller(&record).map(terms))
    }

    /// Whether a caller holds all rights of a key, which may have ended. Callers with fewer rights
    /// do not get results that were made with the key.
    pub async fn holds_all_of_key(&self, caller: &Caller, key: ApiKeyId) -> Result<bool, Fault> {
        let scope = self.primary_scope(caller.tenant);
        let Some(KeyWithIntegration { key, integration }) = rows::find_key_with_integration(&scope, key).await? else {
            return Ok(false);
        };
        Ok(caller.permissions.first_missing(&key_permissions(&scope, &key, &integration).await?).is_none())
    }

    /// Returns the caller of a key; None if the key has ended or its tenant is suspended.
    fn active_caller(&self, record: &KeyRecord) -> Option<Caller> {
        self.unexpired_caller(record).filter(|_| record.home.suspended_at.is_none())
    }

    fn unexpired_caller(&self, record: &KeyRecord) -> Option<Caller> {
        let has_ended = record.expires_at.is_some_and(|end| end <= self.0.clock.now());
        record.caller.clone().filter(|_| !has_ended)
    }

    async fn cached_key(&self, hash: &[u8; 32]) -> Result<Option<KeyRecord>, Fault> {
        let now = self.0.clock.monotonic();
        let cached = self.0.keys.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned();
        let fresh_record = cached.as_ref().filter(|record| now.since(record.read_at) < RIGHTS_CACHE_TTL);
        metrics::count_lookup("keys", Lookup::of(fresh_record));
        if let Some(record) = fresh_record {
            return Ok(record.key.clone());
        }
        let uses = cached.and_then(|record| record.key).map(|key| key.uses).unwrap_or_default();
        let key = match rows::find_tenant_key(&self.0.db.global(), hash).await? {
            Some(home) => self.read_key(home, uses).await?,
            None => None,
        };
        let mut keys = self.0.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MAX_CACHED_CALLERS {
            keys.clear();
        }
        keys.insert(*hash, CachedKey { read_at: now, key: key.clone() });
        Ok(key)
    }

    /// The tenant's committed rows on the primary, whatever freshness the request chose: a key that
    /// has ended must stop at once.
    fn primary_scope(&self, tenant: TenantId) -> TenantScope {
        self.0.db.tenant(tenant).with_freshness(Freshness::Primary)
    }

    async fn read_key(&self, home: TenantKey, uses: Arc<KeyUsage>) -> Result<Option<KeyRecord>, Fault> {
        let scope = self.primary_scope(home.tenant);
        let Some(KeyWithIntegration { key, integration }) = rows::find_key_with_integration(&scope, home.key).await? else {
            return Ok(None);
        };
        // The prefix of a key's secret names the kind of tenant that it is for; the tenant's row
        // decides.
        let is_astray = kind_of(&key.prefix) != if home.is_sandbox { Kind::Test } else { Kind::Live };
        let is_ended = key.revoked_at.is_some() || integration.disabled_at.is_some() || is_astray;
        let caller = if is_ended {
            None
        } else {
            let permissions = key_permissions(&scope, &key, &integration).await?;
            let caller = Caller::new(home.tenant, Actor::integration(integration.id), permissions);
            let trusted_only = key.trusted_only || integration.trusted_only;
            Some(Caller { channel: integration.channel, trusted_only, key: Some(home.key), ..caller })
        };
        // Networks were checked when they were written; a key with one that cannot be parsed now is
        // not accepted.
        let cidrs: Vec<Cidr> = key.cidrs.iter().filter_map(|cidr| Cidr::parse(cidr)).collect();
        let caller = caller.filter(|_| cidrs.len() == key.cidrs.len());
        let ApiKey { created_at, expires_at, budget, .. } = key;
        Ok(Some(KeyRecord { home, caller, cidrs, created_at, expires_at, budget, uses }))
    }
}

/// Returns the permissions of a key: its part of those of its integration.
async fn key_permissions(reads: &impl Reads, key: &ApiKey, integration: &Integration) -> Result<PermissionSet, Fault> {
    let key_scope = key.scope.as_ref().unwrap_or(&integration.scope);
    let group_ids: Vec<GroupId> = key_scope.groups().iter().chain(integration.scope.groups()).copied().collect();
    let groups = rows::members_of(reads, &group_ids).await?;
    let integration_rights = rights(integration.permissions, &integration.scope, &groups);
    Ok(integration_rights.and(&rights(key.permissions.unwrap_or(integration.permissions), key_scope, &groups)))
}
