//! Reads a backup: its data is used only after its MAC, hash and position are verified.

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use platform::{
    secrets::{self, OpenError},
    storage::knows_schema,
};

use super::{BackupError, Backups, MANIFEST};
use crate::{
    backups::{
        core::{
            manifest::{Chunk, Envelope, MAX_MANIFEST_BYTES, Manifest, ManifestError, PIECE_BYTES, sanitize_text},
            sealed::{DataKey, sha256},
        },
        id::BackupId,
    },
    files::StoreError,
};

/// A backup whose manifest is authenticated, and whose keys are configured.
pub(super) struct OpenBackup {
    pub id: BackupId,
    pub manifest: Manifest,
    pub key: DataKey,
}

impl OpenBackup {
    /// Refuses a backup whose database a restore could not bring to this version, before any of it is written.
    pub fn check_schema(&self) -> Result<(), BackupError> {
        let schema = &self.manifest.schema;
        if schema.is_empty() || knows_schema(schema) {
            return Ok(());
        }
        Err(BackupError::NewerSchema { id: self.id.clone(), schema: sanitize_text(schema) })
    }

    /// Refuses a backup of another kind of database.
    pub fn check_engine(&self, engine: &'static str) -> Result<(), BackupError> {
        if self.manifest.engine == engine {
            return Ok(());
        }
        Err(BackupError::OtherEngine { id: self.id.clone(), engine: sanitize_text(&self.manifest.engine), wanted: engine })
    }
}

/// Returns the context to which the data key of a backup is sealed.
pub(super) fn context(id: &BackupId) -> String {
    format!("backup/{id}")
}

/// Returns the keys that a restore needs: those of the values in the database, and that of the data
/// key.
pub(super) fn needed_keys(envelope: &Envelope, manifest: &Manifest) -> Vec<String> {
    let sealed = hex::decode(&envelope.data_key).unwrap_or_default();
    let envelope_key =
        secrets::key_of(&sealed).map(ToOwned::to_owned).filter(|envelope_key| !manifest.keys.contains(envelope_key));
    manifest.keys.iter().cloned().chain(envelope_key).collect()
}

impl Backups {
    pub(super) async fn envelope(&self, id: &BackupId) -> Result<Result<Envelope, ManifestError>, BackupError> {
        match self.store.get(&format!("{id}/{MANIFEST}"), MAX_MANIFEST_BYTES).await {
            Err(StoreError::Missing) => Err(BackupError::NoManifest(id.clone())),
            Err(error) => Err(error.into()),
            Ok(None) => Ok(Err(ManifestError::TooLarge)),
            Ok(Some(object)) => Ok(Envelope::parse(&object)),
        }
    }

    pub(super) fn data_key(&self, envelope: &Envelope, id: &BackupId) -> Result<DataKey, BackupError> {
        let unreadable = || BackupError::Manifest(id.clone(), ManifestError::Unreadable);
        let sealed = hex::decode(&envelope.data_key).map_err(|_| unreadable())?;
        let bytes = self.keys.open(&context(id), &sealed).map_err(|error| {
            let error = match error {
                OpenError::UnknownKey(key) => OpenError::UnknownKey(sanitize_text(&key)),
                OpenError::Broken(key) => OpenError::Broken(sanitize_text(&key)),
                OpenError::NotSealed => OpenError::NotSealed,
            };
            BackupError::Sealed(id.clone(), error)
        })?;
        Ok(DataKey::new(bytes.try_into().map_err(|_| unreadable())?))
    }

    /// Reads the authenticated manifest of a backup, and its data key.
    pub(super) async fn open_verified(&self, id: &BackupId) -> Result<OpenBackup, BackupError> {
        let manifest_error = |error: ManifestError| BackupError::Manifest(id.clone(), error);
        let envelope = self.envelope(id).await?.map_err(manifest_error)?;
        let key = self.data_key(&envelope, id)?;
        let manifest = envelope.open_verified(&key, id.as_str()).map_err(manifest_error)?;
        let needed = needed_keys(&envelope, &manifest);
        let missing: Vec<&str> = needed.iter().map(String::as_str).filter(|id| self.keys.get(id).is_none()).collect();
        if !missing.is_empty() {
            let (ids, missing, needed) = (missing.join(", "), missing.len(), needed.len());
            return Err(BackupError::KeysMissing { id: id.clone(), missing, needed, ids });
        }
        Ok(OpenBackup { id: id.clone(), manifest, key })
    }

    /// Decrypts and decompresses a chunk.
    pub(super) async fn read_chunk(
        &self,
        backup: &OpenBackup,
        key: &DataKey,
        number: usize,
        chunk: &Chunk,
    ) -> Result<Vec<u8>, BackupError> {
        let chunk_error = |reason: &str| {
            let chunk = chunk.name.clone();
            BackupError::Chunk { id: backup.id.clone(), chunk, why: reason.to_owned() }
        };
        let bytes: Bytes = match self.store.get(&format!("{}/{}", backup.id, chunk.name), chunk.bytes).await {
            Err(StoreError::Missing) => return Err(chunk_error("is missing")),
            Err(error) => return Err(error.into()),
            Ok(None) => return Err(chunk_error(&format!("has more than its {} bytes: it was replaced", chunk.bytes))),
            Ok(Some(bytes)) => bytes,
        };
        if bytes.len() as u64 != chunk.bytes {
            return Err(chunk_error(&format!("has {} bytes instead of {}: it was cut or replaced", bytes.len(), chunk.bytes)));
        }
        if sha256(&bytes) != chunk.sha256 {
            return Err(chunk_error("was changed: its SHA-256 differs"));
        }
        let sealed = key.open(backup.id.as_str(), number as u32, bytes.to_vec());
        let sealed = sealed.ok_or_else(|| chunk_error("does not open: it was changed, or is that of another place"))?;
        zstd::bulk::decompress(&sealed, PIECE_BYTES).map_err(|_| chunk_error("cannot be decompressed"))
    }

    /// Reads all chunks in order, each proven, and proves the whole. Answers the bytes of the database.
    pub(super) async fn read_chunks(
        &self,
        backup: &OpenBackup,
        mut each: impl AsyncFnMut(Vec<u8>) -> Result<(), BackupError>,
    ) -> Result<u64, BackupError> {
        let (mut hasher, mut bytes) = (Context::new(&SHA256), 0);
        for (number, chunk) in backup.manifest.chunks.iter().enumerate() {
            let plain_bytes = self.read_chunk(backup, &backup.key, number, chunk).await?;
            hasher.update(&plain_bytes);
            bytes += plain_bytes.len() as u64;
            each(plain_bytes).await?;
        }
        let is_whole = bytes == backup.manifest.bytes && hex::encode(hasher.finish()) == backup.manifest.sha256;
        if is_whole { Ok(bytes) } else { Err(BackupError::NotWhole(backup.id.clone())) }
    }
}
