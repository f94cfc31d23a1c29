//! The keys that sign tokens: made, rotated while everything runs, removed. And the other secrets of a deployment.

use entity::{prelude::*, signing_key};
use sha2::{Digest, Sha256};

use super::Identity;
use crate::{
    clock::Clock,
    identity::{core, rows::keys, signer},
    storage::{Database, Fault},
};

/// What becomes of the keys that signed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldKeys {
    /// They check until what they signed has expired.
    Retire,
    /// They are removed at once, and everybody whose token they signed refreshes it: a key that may be in other hands.
    Remove,
}

/// The keys; the first one is made here.
pub async fn all_or_first(db: &Database, clock: &Clock) -> Result<Vec<signing_key::Model>, Fault> {
    let found = keys::all(&db.global()).await?;
    if !found.is_empty() {
        return Ok(found);
    }
    // The first key has a fixed id: of two processes that make it at once, the primary key lets one through.
    let id = SigningKeyId::from_uuid(uuid::Uuid::from_u128(1));
    let work = db.global().begin().await?;
    match keys::insert(&work, made(clock, id, clock.now())).await {
        Ok(()) => work.commit().await?,
        Err(fault) if fault.unique_violation().is_some() => work.rollback().await?,
        Err(fault) => return Err(fault),
    }
    keys::all(&db.global()).await
}

fn made(clock: &Clock, id: SigningKeyId, signs_from: Timestamp) -> signing_key::Model {
    signing_key::Model { id, algorithm: "EdDSA".to_owned(), pkcs8: signer::generate(clock), created_at: clock.now(), signs_from }
}

/// Makes a key that signs from a time on; every node has taken it on half a minute later. Gives its id.
pub async fn rotate(db: &Database, clock: &Clock, lead_seconds: i64, old: OldKeys) -> Result<SigningKeyId, Fault> {
    let before = keys::all(&db.global()).await?;
    let key = made(clock, clock.id(), clock.now().plus_seconds(lead_seconds));
    let id = key.id;
    let work = db.global().begin().await?;
    keys::insert(&work, key).await?;
    if old == OldKeys::Remove {
        keys::remove(&work, &before.iter().map(|key| key.id).collect::<Vec<_>>()).await?;
    }
    work.commit().await?;
    Ok(id)
}

impl Identity {
    /// Takes on what other processes did to the keys, and does what is due: makes the next key in time, removes those that check nothing any more.
    pub async fn keep_keys(&self) -> Result<(), Fault> {
        let found = keys::all(&self.db.global()).await?;
        self.tokens.adopt(&found)?;
        let lives: Vec<_> = found.iter().map(|key| (key.id, key.signs_from)).collect();
        let due = core::upkeep(&lives, self.clock.now());
        if due.make_for.is_none() && due.remove.is_empty() {
            return Ok(());
        }
        let work = self.db.global().begin().await?;
        if let Some(from) = due.make_for {
            // The id follows from the newest key's: of several nodes that find the next one due, one makes it.
            let newest = found.last().map(|key| key.id.uuid()).unwrap_or_default();
            let mut id = [0u8; 16];
            id.copy_from_slice(&Sha256::digest(newest.as_bytes())[..16]);
            let key = made(&self.clock, SigningKeyId::from_uuid(uuid::Builder::from_random_bytes(id).into_uuid()), from);
            match keys::insert(&work, key).await {
                Ok(()) => tracing::info!("the next signing key is published"),
                Err(fault) if fault.unique_violation().is_some() => return work.rollback().await,
                Err(fault) => return Err(fault),
            }
        }
        keys::remove(&work, &due.remove).await?;
        work.commit().await?;
        self.tokens.adopt(&keys::all(&self.db.global()).await?)
    }

    /// The secret that list cursors are signed with: the same on every node, and whatever becomes of the keys that sign tokens.
    pub async fn cursor_secret(&self) -> Result<[u8; 32], Fault> {
        const NAME: &str = "cursors";
        let global = self.db.global();
        if keys::secret(&global, NAME).await?.is_none() {
            // Deployments from before there was such a secret derived it from their only key, and their cursors go on.
            let keys = keys::all(&global).await?;
            let first = keys.first().ok_or_else(|| Fault::corrupt("signing_key", "a deployment has a key"))?;
            let value = Sha256::new().chain_update(b"entrepot cursors 1").chain_update(&first.pkcs8).finalize();
            let work = global.begin().await?;
            self::keys::keep_secret(&work, NAME, value.to_vec(), self.clock.now()).await?;
            work.commit().await?;
        }
        let kept = keys::secret(&global, NAME).await?.and_then(|value| value.try_into().ok());
        kept.ok_or_else(|| Fault::corrupt("server_secret", "the secret of cursors has 32 bytes"))
    }
}
