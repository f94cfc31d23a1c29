//! Backups in their place: a folder or a bucket.

pub mod restore;
pub mod run;

use std::collections::BTreeMap;

use bytes::Bytes;
use platform::{
    clock::{self, Clock},
    secrets,
    storage::Fault,
};

use super::core::{
    manifest::{Envelope, Manifest, ManifestError},
    retention::{self, Kept},
    sealed::{DataKey, sha256, unhex},
};
use crate::files::{FileLocation, Store, StoreError};

/// The master keys, as they were given.
pub type Keys = secrets::Keys;

/// Bytes of the database file in one chunk.
const PIECE_BYTES: usize = 4 << 20;
const MANIFEST: &str = "manifest.json";
const VERIFIED: &str = "verified";
const MARKED: &str = "marked";
const LOCK: &str = "lock";
/// How long a run that says nothing keeps others out, in microseconds: it says something with each chunk.
const SILENCE_MICROS: i64 = 10 * 60 * 1_000_000;

/// Why a backup was not made, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{0}")]
    Fault(#[from] Fault),
    #[error("the place of the backups: {0}")]
    Store(#[from] StoreError),
    #[error("the backup {0}: {1}")]
    Manifest(String, ManifestError),
    #[error("{0}")]
    Refused(String),
    #[error("{0}: {1}")]
    Disk(String, std::io::Error),
}

/// The backups of a place.
pub struct Backups {
    store: Store,
    keys: Keys,
    clock: Clock,
}

/// A backup as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    /// Microseconds since 1970 UTC; 0 where the manifest cannot be read.
    pub made_at: i64,
    /// Bytes of the database, and as stored.
    pub bytes: u64,
    pub stored: u64,
    /// The IDs of keys that a restore needs, and of them those that are not given.
    pub keys: usize,
    pub missing: Vec<String>,
    pub is_verified: bool,
    /// When prune marked it, in microseconds since 1970 UTC.
    pub marked_at: Option<i64>,
    /// Why it cannot be restored, as far as a list can tell.
    pub problem: Option<String>,
}

impl Backups {
    /// # Errors
    /// The place cannot be reached or written to.
    pub fn open(place: &FileLocation, keys: Keys, clock: Clock) -> Result<Self, BackupError> {
        Ok(Self { store: Store::open(place)?, keys, clock })
    }

    /// All objects of the place, by backup.
    async fn objects(&self) -> Result<BTreeMap<String, BTreeMap<String, u64>>, BackupError> {
        let mut backups: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for (name, size) in self.store.names().await? {
            if let Some((id, object)) = name.split_once('/') {
                backups.entry(id.to_owned()).or_default().insert(object.to_owned(), size);
            }
        }
        Ok(backups)
    }

    /// Every backup, the oldest first, also those that were never finished.
    ///
    /// # Errors
    /// The place cannot be read.
    pub async fn list(&self) -> Result<Vec<Listed>, BackupError> {
        let mut listed = Vec::new();
        for (id, objects) in self.objects().await? {
            listed.push(self.listed(id, &objects).await?);
        }
        listed.sort_by(|one, other| (one.made_at, &one.id).cmp(&(other.made_at, &other.id)));
        Ok(listed)
    }

    async fn listed(&self, id: String, objects: &BTreeMap<String, u64>) -> Result<Listed, BackupError> {
        let stored = objects.values().sum();
        let marked_at = if objects.contains_key(MARKED) { self.moment(&format!("{id}/{MARKED}")).await? } else { None };
        let is_verified = objects.contains_key(VERIFIED);
        let mut listed =
            Listed { id, made_at: 0, bytes: 0, stored, keys: 0, missing: Vec::new(), is_verified, marked_at, problem: None };
        if !objects.contains_key(MANIFEST) {
            listed.problem = Some("it was never finished".to_owned());
            return Ok(listed);
        }
        let parsed = Envelope::parse(&self.store.get(&format!("{}/{MANIFEST}", listed.id)).await?);
        let (envelope, manifest) = match parsed.and_then(|envelope| envelope.unproven().map(|manifest| (envelope, manifest))) {
            Ok(both) => both,
            Err(error) => {
                listed.problem = Some(error.to_string());
                return Ok(listed);
            }
        };
        let needed = needed(&envelope, &manifest);
        (listed.made_at, listed.bytes, listed.keys) = (manifest.made_at, manifest.bytes, needed.len());
        listed.missing = needed.into_iter().filter(|id| self.keys.get(id).is_none()).collect();
        listed.problem = manifest.chunks.iter().find_map(|chunk| match objects.get(&chunk.name) {
            None => Some(format!("the chunk {} is missing", chunk.name)),
            Some(size) if *size != chunk.bytes => {
                Some(format!("the chunk {} has {size} bytes instead of {}", chunk.name, chunk.bytes))
            }
            Some(_) => None,
        });
        Ok(listed)
    }

    async fn moment(&self, object: &str) -> Result<Option<i64>, BackupError> {
        let text = self.store.get(object).await?;
        Ok(std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse().ok()))
    }

    /// The manifest of a backup and its data key.
    async fn opened(&self, id: &str) -> Result<(Manifest, DataKey), BackupError> {
        let of_manifest = |error: ManifestError| BackupError::Manifest(id.to_owned(), error);
        let object = match self.store.get(&format!("{id}/{MANIFEST}")).await {
            Err(StoreError::Missing) => {
                return Err(BackupError::Refused(format!(
                    "the backup {id} has no manifest: it was never finished, or is not there; `entrepot backup list` has those that are"
                )));
            }
            object => object?,
        };
        let envelope = Envelope::parse(&object).map_err(of_manifest)?;
        let sealed = unhex(&envelope.data_key).ok_or_else(|| of_manifest(ManifestError::Unreadable))?;
        let bytes = self.keys.open(&context(id), &sealed).map_err(|why| {
            BackupError::Refused(format!(
                "the backup {id} does not open: {why}. Give the keys that it was made with (--keys-file)"
            ))
        })?;
        let key = DataKey::new(bytes.try_into().map_err(|_| of_manifest(ManifestError::Unreadable))?);
        let manifest = envelope.opened(&key).map_err(of_manifest)?;
        if manifest.id != id {
            return Err(BackupError::Refused(format!("the backup {id} holds the manifest of {}", manifest.id)));
        }
        let missing: Vec<String> = needed(&envelope, &manifest).into_iter().filter(|id| self.keys.get(id).is_none()).collect();
        if !missing.is_empty() {
            return Err(BackupError::Refused(format!(
                "keys: missing {} of {}: {} seal values in the backup {id}; give them too",
                missing.len(),
                needed(&envelope, &manifest).len(),
                missing.join(", ")
            )));
        }
        Ok((manifest, key))
    }

    /// The bytes of a chunk, as they were in the file.
    async fn piece(&self, manifest: &Manifest, key: &DataKey, number: usize) -> Result<Vec<u8>, BackupError> {
        let chunk = &manifest.chunks[number];
        let broken = |why: &str| BackupError::Refused(format!("the chunk {}/{} {why}", manifest.id, chunk.name));
        let bytes = match self.store.get(&format!("{}/{}", manifest.id, chunk.name)).await {
            Err(StoreError::Missing) => return Err(broken("is missing: restore another backup")),
            bytes => bytes?,
        };
        if bytes.len() as u64 != chunk.bytes {
            return Err(broken(&format!("has {} bytes instead of {}: it was cut or replaced", bytes.len(), chunk.bytes)));
        }
        if sha256(&bytes) != chunk.sha256 {
            return Err(broken("was changed: its SHA-256 is another"));
        }
        let opened = key.open(&manifest.id, number as u32, bytes.to_vec());
        let opened = opened.ok_or_else(|| broken("does not open: it was changed or stood elsewhere"))?;
        zstd::bulk::decompress(&opened, PIECE_BYTES).map_err(|_| broken("cannot be decompressed"))
    }

    /// Reads a whole backup back, and notes that it can be restored. Answers the bytes of its database.
    ///
    /// # Errors
    /// A part is missing, was changed, or does not open; the message names it.
    pub async fn verify(&self, id: &str) -> Result<u64, BackupError> {
        let (manifest, key) = self.opened(id).await?;
        let mut whole = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        let mut bytes = 0;
        for number in 0..manifest.chunks.len() {
            let piece = self.piece(&manifest, &key, number).await?;
            whole.update(&piece);
            bytes += piece.len() as u64;
        }
        is_whole(&manifest, bytes, whole.finish().as_ref())?;
        let now = self.clock.now().micros().to_string();
        self.store.put_bytes(&format!("{id}/{VERIFIED}"), now.into()).await?;
        Ok(bytes)
    }

    /// The newest backup that has a manifest.
    ///
    /// # Errors
    /// There is none.
    pub async fn newest(&self) -> Result<String, BackupError> {
        let newest = self.list().await?.into_iter().rev().find(|backup| backup.made_at > 0);
        newest.map(|backup| backup.id).ok_or_else(|| BackupError::Refused("there is no finished backup here".to_owned()))
    }

    /// Marks the backups that are no longer kept, and removes those that were marked a day ago. Answers both.
    ///
    /// # Errors
    /// The place cannot be read or written to.
    pub async fn prune(&self) -> Result<(Vec<String>, Vec<String>), BackupError> {
        let (listed, now) = (self.list().await?, self.clock.now().micros());
        let finished = listed.iter().filter(|backup| backup.made_at > 0);
        let kept: Vec<Kept> = finished
            .map(|backup| Kept { id: backup.id.clone(), made_at: backup.made_at, is_verified: backup.is_verified })
            .collect();
        let superfluous = retention::superfluous(&kept, now);
        let (mut marked, mut removed) = (Vec::new(), Vec::new());
        for backup in listed {
            let mark = format!("{}/{MARKED}", backup.id);
            // One that was never finished is nobody's: it is marked like one that is no longer kept.
            let goes = superfluous.contains(&backup.id) || backup.made_at == 0;
            match backup.marked_at {
                None if goes => {
                    self.store.put_bytes(&mark, now.to_string().into()).await?;
                    marked.push(backup.id);
                }
                Some(at) if goes && now - at >= retention::GRACE_MICROS => {
                    // Without its manifest it is no backup any more, wherever this is interrupted.
                    self.store.remove(&format!("{}/{MANIFEST}", backup.id)).await?;
                    self.store.remove_all(&backup.id).await?;
                    removed.push(backup.id);
                }
                Some(_) if !goes => self.store.remove(&mark).await?,
                _ => {}
            }
        }
        Ok((marked, removed))
    }

    /// Keeps other runs out.
    async fn lock(&self, id: &str) -> Result<(), BackupError> {
        let text = || Bytes::from(format!("{}\n{id}", self.clock.now().micros()));
        if self.store.create(LOCK, text()).await? {
            return Ok(());
        }
        let held = self.store.get(LOCK).await?;
        let held = std::str::from_utf8(&held).unwrap_or_default();
        let (since, by) = held.split_once('\n').unwrap_or((held, "unknown"));
        let since: i64 = since.parse().unwrap_or_default();
        if self.clock.now().micros() - since < SILENCE_MICROS {
            return Err(BackupError::Refused(format!(
                "another backup, {by}, is being made here: let it finish. One that was killed keeps others out for ten minutes after {}",
                clock::rfc3339(entity::prelude::Timestamp(since))
            )));
        }
        self.store.put_bytes(LOCK, text()).await?;
        Ok(())
    }

    /// Says that the run goes on, or fails where another one has taken over.
    async fn keep_lock(&self, id: &str) -> Result<(), BackupError> {
        let held = self.store.get(LOCK).await?;
        if !std::str::from_utf8(&held).is_ok_and(|held| held.ends_with(id)) {
            return Err(BackupError::Refused("another backup has taken over here: this one ends".to_owned()));
        }
        let text = format!("{}\n{id}", self.clock.now().micros());
        Ok(self.store.put_bytes(LOCK, text.into()).await?)
    }
}

/// The keys that a restore needs: those of the values in the database, and that of the data key.
fn needed(envelope: &Envelope, manifest: &Manifest) -> Vec<String> {
    let sealed = unhex(&envelope.data_key).unwrap_or_default();
    let own = secrets::key_of(&sealed).map(ToOwned::to_owned).filter(|own| !manifest.keys.contains(own));
    manifest.keys.iter().cloned().chain(own).collect()
}

/// What the data key of a backup is sealed for.
fn context(id: &str) -> String {
    format!("backup/{id}")
}

fn is_whole(manifest: &Manifest, bytes: u64, sha256: &[u8]) -> Result<(), BackupError> {
    if bytes == manifest.bytes && super::core::sealed::hex(sha256) == manifest.sha256 {
        return Ok(());
    }
    Err(BackupError::Refused(format!(
        "the backup {} does not come to the file that it was made of: restore another one",
        manifest.id
    )))
}
