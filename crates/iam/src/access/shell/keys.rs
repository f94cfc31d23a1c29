//! From the secret of a key to a caller. Junk is refused by its checksum; a key that is in use costs no statement while it is remembered.

use std::{
    net::IpAddr,
    sync::{Arc, PoisonError},
};

use entity::prelude::*;
use platform::{
    clock::Monotonic,
    metrics::{self, Lookup},
    storage::{Fault, Reads, TenantScope, replicas::Freshness},
};

use super::{Access, REMEMBERED, STANDING, uses::Uses};
use crate::access::{
    caller::Caller,
    cidr::Cidr,
    core::{
        ApiKey, Integration, KeyBudget,
        key::{Kind, Secret, kind_of},
        rights,
    },
    rows::{self, KeyHome, Opened},
    set::PermissionSet,
};

/// A key that was found, as it was read; without one, the hash is nobody's.
#[derive(Clone)]
pub(super) struct CachedKey {
    read_at: Monotonic,
    key: Option<KeyRecord>,
}

#[derive(Clone)]
pub(super) struct KeyRecord {
    pub(super) home: KeyHome,
    /// None: revoked, or its integration disabled, or for another kind of tenant.
    caller: Option<Caller>,
    cidrs: Vec<Cidr>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    budget: Option<KeyBudget>,
    pub(super) uses: Arc<Uses>,
}

impl CachedKey {
    pub fn tenant(&self) -> Option<TenantId> {
        self.key.as_ref().map(|key| key.home.tenant)
    }
}

/// Who calls with a key.
#[derive(Debug, Clone)]
pub struct KeyCaller {
    pub caller: Caller,
    pub key: ApiKeyId,
    pub hash: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// What it may spend of its integration's budget.
    pub budget: Option<KeyBudget>,
}

/// A program for which something is done while it does not call.
#[derive(Debug, Clone)]
pub struct ProgramTerms {
    pub caller: Caller,
    /// When its key was made.
    pub created_at: Timestamp,
    /// What the key may spend of its integration's budget.
    pub budget: Option<KeyBudget>,
}

/// Why a key is not accepted. Callers hear only that it is not.
#[derive(Debug)]
pub enum KeyRefused {
    /// It is no key: nothing was asked of the database.
    Malformed,
    /// Nobody's, or ended, or from another network.
    NotAccepted,
    /// It is accepted again when its tenant is resumed.
    Suspended,
    Fault(Fault),
}
impl From<Fault> for KeyRefused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Access {
    /// Who calls with this secret from this address.
    pub async fn key(&self, token: &str, address: Option<IpAddr>) -> Result<KeyCaller, KeyRefused> {
        let secret = Secret::parse(token).ok_or(KeyRefused::Malformed)?;
        let hash = secret.hash();
        let record = self.known_key(&hash).await?.ok_or(KeyRefused::NotAccepted)?;
        let caller = self.accepted(&record).ok_or(KeyRefused::NotAccepted)?;
        let is_from_there = |address: IpAddr| record.cidrs.iter().any(|network| network.contains(address));
        if !record.cidrs.is_empty() && !address.is_some_and(is_from_there) {
            return Err(KeyRefused::NotAccepted);
        }
        if record.home.suspended_at.is_some() {
            return Err(KeyRefused::Suspended);
        }
        self.note_use(&record, caller.actor, address);
        let KeyRecord { created_at, expires_at, budget, .. } = record;
        Ok(KeyCaller { caller, key: record.home.key, hash, created_at, expires_at, budget })
    }

    /// What the key of a hash stands for now; None when it has ended.
    pub(super) async fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<Caller>, Fault> {
        Ok(self.known_key(hash).await?.and_then(|record| self.standing_of(&record)))
    }

    /// What a key of a tenant stands for now, for what is done in its name while nobody calls; None when it has ended.
    pub async fn program(&self, tenant: TenantId, key: ApiKeyId) -> Result<Option<Caller>, Fault> {
        let home = rows::home_in(&self.committed(tenant), key).await?;
        let record = self.read_key(home, Arc::default()).await?;
        Ok(record.and_then(|record| self.standing_of(&record)))
    }

    /// The same, with when the key was made and what it may spend.
    pub async fn program_on_terms(&self, tenant: TenantId, key: ApiKeyId) -> Result<Option<ProgramTerms>, Fault> {
        let home = rows::home_in(&self.committed(tenant), key).await?;
        let Some(record) = self.read_key(home, Arc::default()).await? else { return Ok(None) };
        let terms = |caller| ProgramTerms { caller, created_at: record.created_at, budget: record.budget };
        Ok(self.standing_of(&record).map(terms))
    }

    /// Whether a caller holds all that a key gives, which may have ended. Who holds less is not handed what was made with it.
    pub async fn holds_all_of_key(&self, caller: &Caller, key: ApiKeyId) -> Result<bool, Fault> {
        let scope = self.committed(caller.tenant);
        let Some(Opened { key, integration }) = rows::opened(&scope, key).await? else { return Ok(false) };
        Ok(caller.permissions.lacks(&given_by(&scope, &key, &integration).await?).is_none())
    }

    /// What a key stands for now; None also while its tenant is suspended.
    fn standing_of(&self, record: &KeyRecord) -> Option<Caller> {
        self.accepted(record).filter(|_| record.home.suspended_at.is_none())
    }

    fn accepted(&self, record: &KeyRecord) -> Option<Caller> {
        let has_ended = record.expires_at.is_some_and(|end| end <= self.0.clock.now());
        record.caller.clone().filter(|_| !has_ended)
    }

    async fn known_key(&self, hash: &[u8; 32]) -> Result<Option<KeyRecord>, Fault> {
        let now = self.0.clock.monotonic();
        let remembered = self.0.keys.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned();
        let fresh = remembered.as_ref().filter(|record| now.since(record.read_at) < STANDING);
        metrics::looked_up("keys", Lookup::of(fresh));
        if let Some(record) = fresh {
            return Ok(record.key.clone());
        }
        let uses = remembered.and_then(|record| record.key).map(|key| key.uses).unwrap_or_default();
        let key = match rows::home_of(&self.0.db.global(), hash).await? {
            Some(home) => self.read_key(home, uses).await?,
            None => None,
        };
        let mut keys = self.0.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= REMEMBERED {
            keys.clear();
        }
        keys.insert(*hash, CachedKey { read_at: now, key: key.clone() });
        Ok(key)
    }

    /// The rows of a tenant as committed, whatever the request reads: a key that has ended is to end at once.
    fn committed(&self, tenant: TenantId) -> TenantScope {
        self.0.db.tenant(tenant).fresh(Freshness::Primary)
    }

    async fn read_key(&self, home: KeyHome, uses: Arc<Uses>) -> Result<Option<KeyRecord>, Fault> {
        let scope = self.committed(home.tenant);
        let Some(Opened { key, integration }) = rows::opened(&scope, home.key).await? else { return Ok(None) };
        // The word in a key's secret says which kind of tenant it is for, and the tenant has the last word on what it is.
        let is_astray = kind_of(&key.prefix) != if home.is_sandbox { Kind::Test } else { Kind::Live };
        let is_ended = key.revoked_at.is_some() || integration.disabled_at.is_some() || is_astray;
        let caller = if is_ended {
            None
        } else {
            let given = given_by(&scope, &key, &integration).await?;
            let caller = Caller::new(home.tenant, Actor::integration(integration.id), given);
            let trusted_only = key.trusted_only || integration.trusted_only;
            Some(Caller { channel: integration.channel, trusted_only, key: Some(home.key), ..caller })
        };
        // What was written as a network was checked then; one that cannot be read now lets nobody in.
        let cidrs: Vec<Cidr> = key.cidrs.iter().filter_map(|cidr| Cidr::parse(cidr)).collect();
        let caller = caller.filter(|_| cidrs.len() == key.cidrs.len());
        let ApiKey { created_at, expires_at, budget, .. } = key;
        Ok(Some(KeyRecord { home, caller, cidrs, created_at, expires_at, budget, uses }))
    }
}

/// What a key gives: its part of what its integration has.
async fn given_by(reads: &impl Reads, key: &ApiKey, integration: &Integration) -> Result<PermissionSet, Fault> {
    let own = key.scope.as_ref().unwrap_or(&integration.scope);
    let named: Vec<GroupId> = own.groups().iter().chain(integration.scope.groups()).copied().collect();
    let groups = rows::members_of(reads, &named).await?;
    let whole = rights(integration.permissions, &integration.scope, &groups);
    Ok(whole.and(&rights(key.permissions.unwrap_or(integration.permissions), own, &groups)))
}
