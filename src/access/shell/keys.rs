//! From the secret of a key to a caller. Junk is refused by its checksum; a key that is in use costs no statement while it is remembered.

use std::{net::IpAddr, sync::PoisonError};

use entity::prelude::*;

use super::{Access, REMEMBERED, STANDING_SECONDS};
use crate::{
    access::{
        caller::Caller,
        cidr::Cidr,
        core::{key::Secret, rights},
        rows::{self, KeyHome, Opened},
    },
    storage::Fault,
};

/// A key that was found, as it was read; without one, the hash is nobody's.
#[derive(Clone)]
pub(super) struct Known {
    read_at: Timestamp,
    key: Option<KnownKey>,
}

#[derive(Clone)]
struct KnownKey {
    home: KeyHome,
    /// None: revoked, or its integration disabled.
    caller: Option<Caller>,
    cidrs: Vec<Cidr>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    /// The minute of its last use that was noted.
    noted: Timestamp,
}

impl Known {
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
}

/// Why a key is not accepted. Callers hear only that it is not.
#[derive(Debug)]
pub enum KeyRefused {
    /// It is no key: nothing was asked of the database.
    Malformed,
    /// Nobody's, or ended, or from another network.
    NotAccepted,
    Fault(Fault),
}
impl From<Fault> for KeyRefused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

const MINUTE_MICROS: i64 = 60_000_000;

impl Access {
    /// Who calls with this secret from this address.
    pub async fn key(&self, token: &str, address: Option<IpAddr>) -> Result<KeyCaller, KeyRefused> {
        let secret = Secret::parse(token).ok_or(KeyRefused::Malformed)?;
        let hash = secret.hash();
        let known = self.known_key(&hash).await?.ok_or(KeyRefused::NotAccepted)?;
        let caller = self.standing_of(&known).ok_or(KeyRefused::NotAccepted)?;
        let is_from_there = |address: IpAddr| known.cidrs.iter().any(|network| network.contains(address));
        if !known.cidrs.is_empty() && !address.is_some_and(is_from_there) {
            return Err(KeyRefused::NotAccepted);
        }
        self.note_use(hash, &known);
        let (created_at, expires_at) = (known.created_at, known.expires_at);
        Ok(KeyCaller { caller, key: known.home.key, hash, created_at, expires_at })
    }

    /// What the key of a hash stands for now; None when it has ended.
    pub(super) async fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<Caller>, Fault> {
        Ok(self.known_key(hash).await?.and_then(|known| self.standing_of(&known)))
    }

    fn standing_of(&self, known: &KnownKey) -> Option<Caller> {
        let has_ended = known.expires_at.is_some_and(|end| end <= self.0.clock.now());
        known.caller.clone().filter(|_| !has_ended)
    }

    async fn known_key(&self, hash: &[u8; 32]) -> Result<Option<KnownKey>, Fault> {
        let now = self.0.clock.now();
        let remembered = self.0.keys.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned();
        if let Some(known) = remembered.as_ref().filter(|known| known.read_at.plus_seconds(STANDING_SECONDS) > now) {
            return Ok(known.key.clone());
        }
        let noted = remembered.and_then(|known| known.key).map(|key| key.noted);
        let key = match rows::home_of(&self.0.db.global(), hash).await? {
            Some(home) => self.read_key(home, noted).await?,
            None => None,
        };
        let mut keys = self.0.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= REMEMBERED {
            keys.clear();
        }
        keys.insert(*hash, Known { read_at: now, key: key.clone() });
        Ok(key)
    }

    async fn read_key(&self, home: KeyHome, noted: Option<Timestamp>) -> Result<Option<KnownKey>, Fault> {
        let scope = self.0.db.tenant(home.tenant);
        let Some(Opened { key, integration }) = rows::opened(&scope, home.key).await? else { return Ok(None) };
        let is_ended = key.revoked_at.is_some() || integration.disabled_at.is_some();
        let caller = if is_ended {
            None
        } else {
            let own = key.scope.as_ref().unwrap_or(&integration.scope);
            let named: Vec<GroupId> = own.groups().iter().chain(integration.scope.groups()).copied().collect();
            let groups = rows::members_of(&scope, &named).await?;
            let whole = rights(integration.permissions, &integration.scope, &groups);
            let part = rights(key.permissions.unwrap_or(integration.permissions), own, &groups);
            let caller = Caller::new(home.tenant, Actor::integration(integration.id), whole.and(&part));
            Some(Caller { channel: integration.channel, ..caller })
        };
        // What was written as a network was checked then; one that cannot be read now lets nobody in.
        let cidrs: Vec<Cidr> = key.cidrs.iter().filter_map(|cidr| Cidr::parse(cidr)).collect();
        let caller = caller.filter(|_| cidrs.len() == key.cidrs.len());
        let noted = noted.or(key.last_used_at).unwrap_or(Timestamp(0));
        Ok(Some(KnownKey { home, caller, cidrs, created_at: key.created_at, expires_at: key.expires_at, noted }))
    }

    /// Notes that a key is used, once a minute and off the request's way.
    fn note_use(&self, hash: [u8; 32], known: &KnownKey) {
        let now = self.0.clock.now().micros();
        let minute = Timestamp(now - now.rem_euclid(MINUTE_MICROS));
        if known.noted >= minute {
            return;
        }
        {
            let mut keys = self.0.keys.write().unwrap_or_else(PoisonError::into_inner);
            let Some(key) = keys.get_mut(&hash).and_then(|known| known.key.as_mut()) else { return };
            if key.noted >= minute {
                return;
            }
            key.noted = minute;
        }
        let (access, home) = (self.clone(), known.home);
        tokio::spawn(async move {
            if let Err(fault) = access.write_use(home, minute).await {
                tracing::warn!(error = %fault, "a key's last use could not be noted");
            }
        });
    }

    async fn write_use(&self, home: KeyHome, minute: Timestamp) -> Result<(), Fault> {
        let work = self.0.db.tenant(home.tenant).begin().await?;
        rows::used(&work, home.key, minute).await?;
        work.commit().await
    }
}
