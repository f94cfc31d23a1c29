//! The keys that sign tokens: created, rotated at run time, removed. Also the other secrets of a
//! deployment.

use entity::{prelude::*, signing_key};
use platform::{
    clock::Clock,
    secrets::{self, KeyRing},
    storage::{Database, Fault},
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::service::Identity;
use crate::identity::{core, rows::keys, signer};

/// Treatment of the previous signing keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldKeyPolicy {
    /// Retired keys verify until the tokens that they signed have expired.
    Retire,
    /// Removed at once, for keys that may have leaked: every client with a token that they signed
    /// has to refresh it.
    Remove,
}

/// The keys, unsealed. A plain key, from before there was a master key, is sealed on the way.
async fn load_unsealed_keys(db: &Database, ring: &KeyRing) -> Result<Vec<signing_key::Model>, Fault> {
    let mut signing_keys = keys::all(&db.global()).await?;
    for key in &mut signing_keys {
        let context = keys::SIGNING_KEY.context(&[key.id.uuid()]);
        if secrets::key_of(&key.pkcs8).is_some() {
            key.pkcs8 = ring.open(&context, &key.pkcs8)?;
        } else {
            let work = db.global().begin().await?;
            keys::seal(&work, key.id, key.pkcs8.clone(), ring.seal(&context, &key.pkcs8)?).await?;
            work.commit().await?;
        }
    }
    Ok(signing_keys)
}

/// The name of the mark that the deployment's file store carries, by a ring alone. `None` before any process has marked one.
pub async fn file_store_mark(db: &Database, ring: &KeyRing) -> Result<Option<String>, Fault> {
    Ok(deployment_value(db, ring, FILE_STORE).await?.map(hex::encode))
}

async fn deployment_value(db: &Database, ring: &KeyRing, id: Uuid) -> Result<Option<Vec<u8>>, Fault> {
    let sealed = keys::secret(&db.global(), id).await?;
    sealed.map(|sealed| ring.open(&keys::SERVER_SECRET.context(&[id]), &sealed)).transpose()
}

/// The keys, unsealed; creates the first one if there is none.
pub async fn load_or_create_keys(db: &Database, clock: &Clock, ring: &KeyRing) -> Result<Vec<signing_key::Model>, Fault> {
    let signing_keys = load_unsealed_keys(db, ring).await?;
    if !signing_keys.is_empty() {
        return Ok(signing_keys);
    }
    // The first key has a fixed ID: if two processes create it at once, the primary key admits one.
    let key = new_signing_key(clock, ring, SigningKeyId::from_uuid(Uuid::from_u128(1)), clock.now())?;
    let work = db.global().begin().await?;
    match keys::insert(&work, key).await {
        Ok(()) => work.commit().await?,
        Err(fault) if fault.unique_violation().is_some() => work.rollback().await?,
        Err(fault) => return Err(fault),
    }
    load_unsealed_keys(db, ring).await
}

fn new_signing_key(clock: &Clock, ring: &KeyRing, id: SigningKeyId, signs_from: Timestamp) -> Result<signing_key::Model, Fault> {
    let pkcs8 = ring.seal(&keys::SIGNING_KEY.context(&[id.uuid()]), &signer::generate(clock))?;
    Ok(signing_key::Model { id, algorithm: "EdDSA".to_owned(), pkcs8, created_at: clock.now(), signs_from })
}

/// Creates a key that signs from a time on, and returns its ID; every node has adopted it ten
/// seconds later.
pub async fn rotate(
    db: &Database,
    ring: &KeyRing,
    clock: &Clock,
    lead_seconds: i64,
    key_policy: OldKeyPolicy,
) -> Result<SigningKeyId, Fault> {
    let before = keys::all(&db.global()).await?;
    let key = new_signing_key(clock, ring, clock.id(), clock.now().plus_seconds(lead_seconds))?;
    let id = key.id;
    let work = db.global().begin().await?;
    keys::insert(&work, key).await?;
    if key_policy == OldKeyPolicy::Remove {
        keys::remove(&work, &before.iter().map(|key| key.id).collect::<Vec<_>>()).await?;
    }
    work.commit().await?;
    Ok(id)
}

/// The row of `server_secret` that names the mark of the file store.
const FILE_STORE: Uuid = Uuid::from_u128(2);

impl Identity {
    /// Adopts the changes that other processes made to the keys, and does due work: creates the
    /// next key in time, and removes those that no longer verify.
    pub async fn maintain_signing_keys(&self) -> Result<(), Fault> {
        let signing_keys = load_unsealed_keys(&self.db, &self.ring).await?;
        self.tokens.adopt(&signing_keys)?;
        let key_times: Vec<_> = signing_keys.iter().map(|key| (key.id, key.signs_from)).collect();
        let rotation = core::plan_rotation(&key_times, self.clock.now());
        if rotation.make_for.is_none() && rotation.remove.is_empty() {
            return Ok(());
        }
        let work = self.db.global().begin().await?;
        if let Some(from) = rotation.make_for {
            // The ID is derived from the newest key's: of several nodes that find the next one due,
            // one inserts it.
            let newest = signing_keys.last().map(|key| key.id.uuid()).unwrap_or_default();
            let mut id = [0u8; 16];
            id.copy_from_slice(&Sha256::digest(newest.as_bytes())[..16]);
            let id = SigningKeyId::from_uuid(uuid::Builder::from_random_bytes(id).into_uuid());
            let key = new_signing_key(&self.clock, &self.ring, id, from)?;
            match keys::insert(&work, key).await {
                Ok(()) => tracing::info!("the next signing key is published"),
                Err(fault) if fault.unique_violation().is_some() => return work.rollback().await,
                Err(fault) => return Err(fault),
            }
        }
        keys::remove(&work, &rotation.remove).await?;
        work.commit().await?;
        self.tokens.adopt(&load_unsealed_keys(&self.db, &self.ring).await?)
    }

    /// The secret that list cursors are signed with: the same on every node, and independent of the
    /// keys that sign tokens.
    pub async fn cursor_secret(&self) -> Result<[u8; 32], Fault> {
        const ID: Uuid = Uuid::from_u128(1);
        let secret = if let Some(secret) = self.deployment_value(ID).await? {
            secret
        } else {
            // Deployments from before there was such a secret derived it from their only key, and their cursors go on.
            let keys = load_unsealed_keys(&self.db, &self.ring).await?;
            let first = keys.first().ok_or_else(|| Fault::corrupt("signing_key", "a deployment has a key"))?;
            let value = Sha256::new().chain_update(b"entrepot cursors 1").chain_update(&first.pkcs8).finalize();
            self.store_deployment_value(ID, &value).await?
        };
        secret.try_into().map_err(|_| Fault::corrupt("server_secret", "the secret of cursors has 32 bytes"))
    }

    /// The name of the mark that the deployment's file store carries. `None` before any process has marked one.
    pub async fn file_store_mark(&self) -> Result<Option<String>, Fault> {
        file_store_mark(&self.db, &self.ring).await
    }

    /// Stores the name of the mark; returns the stored one, which is another process's if that was
    /// first.
    pub async fn store_file_store_mark(&self, mark: Uuid) -> Result<String, Fault> {
        Ok(hex::encode(self.store_deployment_value(FILE_STORE, mark.as_bytes()).await?))
    }

    /// A value that the whole deployment shares.
    async fn deployment_value(&self, id: Uuid) -> Result<Option<Vec<u8>>, Fault> {
        deployment_value(&self.db, &self.ring, id).await
    }

    /// Stores a value of the deployment, unless another process was faster; returns the stored one.
    async fn store_deployment_value(&self, id: Uuid, value: &[u8]) -> Result<Vec<u8>, Fault> {
        let sealed = self.ring.seal(&keys::SERVER_SECRET.context(&[id]), value)?;
        let work = self.db.global().begin().await?;
        keys::store_secret(&work, id, sealed, self.clock.now()).await?;
        work.commit().await?;
        let stored_value = self.deployment_value(id).await?;
        stored_value.ok_or_else(|| Fault::corrupt("server_secret", "a value that was kept is there"))
    }
}
