//! Lists backups, with the problems that are visible without their chunks.

use super::{
    BackupError, Backups, MANIFEST, MARK_OBJECT, Objects, VERIFIED_OBJECT, has_lost_manifest, read::needed_keys,
    segments::segment_names,
};
use crate::backups::{
    core::manifest::{Envelope, Manifest, sanitize_text},
    id::BackupId,
};

/// Entry of a list of backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupEntry {
    pub id: BackupId,
    /// Bytes of all its objects.
    pub stored: u64,
    pub is_verified: bool,
    /// Time at which prune marked it, in microseconds since 1970 UTC.
    pub marked_at: Option<i64>,
    pub content: Content,
    /// Number of log segments that follow it, and the time at which the last one was read, in
    /// microseconds since 1970 UTC; `None` if there are none.
    pub shipped: Option<(usize, i64)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Without a manifest: the run was killed, or has not ended.
    Unfinished,
    /// The manifest was rejected, with this reason.
    Unreadable(String),
    Finished(Summary),
}

/// Summary of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Bytes of the database.
    pub bytes: u64,
    /// Number of keys that a restore needs; `missing` has the IDs of those that are not configured.
    pub keys: usize,
    pub missing: Vec<String>,
    pub problem: Option<Problem>,
}

/// Reason why a backup cannot be restored, as far as it is detected without reading its chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A part is missing or was changed.
    Damaged(String),
    /// The configured keys do not open the backup, but others may.
    Closed(String),
}

impl Problem {
    pub fn message(&self) -> &str {
        let (Self::Damaged(reason) | Self::Closed(reason)) = self;
        reason
    }
}

impl Backups {
    /// Lists every backup, the oldest first, including unfinished ones.
    ///
    /// # Errors
    /// The location cannot be read.
    pub async fn list(&self) -> Result<Vec<BackupEntry>, BackupError> {
        let mut entries = Vec::new();
        for (id, objects) in self.objects().await? {
            let marked_at =
                if objects.contains_key(MARK_OBJECT) { self.moment(&format!("{id}/{MARK_OBJECT}")).await? } else { None };
            let content = self.content(&id, &objects).await?;
            let stored = objects.values().sum();
            let names = segment_names(&objects);
            let shipped = names.last().map(|last| (names.len(), last.read_at));
            entries.push(BackupEntry {
                id,
                stored,
                is_verified: objects.contains_key(VERIFIED_OBJECT),
                marked_at,
                content,
                shipped,
            });
        }
        Ok(entries)
    }

    async fn content(&self, id: &BackupId, objects: &Objects) -> Result<Content, BackupError> {
        if has_lost_manifest(objects) {
            return Ok(Content::Unreadable("its manifest is missing".to_owned()));
        }
        if !objects.contains_key(MANIFEST) {
            return Ok(Content::Unfinished);
        }
        let envelope = match self.envelope(id).await {
            // Removed since the objects were listed.
            Err(BackupError::NoManifest(_)) => return Ok(Content::Unfinished),
            envelope => envelope?,
        };
        let decoded = envelope.and_then(|envelope| {
            let manifest = envelope.unproven()?;
            Ok((envelope, manifest))
        });
        let (envelope, manifest) = match decoded {
            Ok(decoded) => decoded,
            Err(error) => return Ok(Content::Unreadable(error.to_string())),
        };
        let needed = needed_keys(&envelope, &manifest);
        let keys = needed.len();
        let missing_keys: Vec<String> =
            needed.iter().filter(|id| self.keys.get(id).is_none()).map(|id| sanitize_text(id)).collect();
        let problem = if missing_keys.is_empty() { self.unproven(&envelope, id) } else { None };
        let problem = problem.or_else(|| first_missing_part(&manifest, objects));
        Ok(Content::Finished(Summary { bytes: manifest.bytes, keys, missing: missing_keys, problem }))
    }

    /// Returns the problem that keeps the manifest from being verified, given all keys that it
    /// names.
    fn unproven(&self, envelope: &Envelope, id: &BackupId) -> Option<Problem> {
        match self.data_key(envelope, id) {
            Ok(key) => envelope.open_verified(&key, id.as_str()).err().map(|error| Problem::Damaged(error.to_string())),
            Err(error @ BackupError::Sealed(..)) => Some(Problem::Closed(error.to_string())),
            Err(error) => Some(Problem::Damaged(error.to_string())),
        }
    }
}

/// Returns the first chunk or list that is missing or has another size. The manifest may be
/// unauthenticated, so its texts are not repeated.
fn first_missing_part(manifest: &Manifest, objects: &Objects) -> Option<Problem> {
    let chunks = manifest.chunks.iter().enumerate().map(|(number, chunk)| (format!("the chunk {number:06}"), chunk));
    let lists = manifest.file_lists.iter().enumerate().map(|(number, list)| (format!("the list of files {number:06}"), list));
    let problem = chunks.chain(lists).find_map(|(part, chunk)| match objects.get(&chunk.name) {
        None => Some(format!("{part} is missing")),
        Some(size) if *size != chunk.bytes => Some(format!("{part} has {size} bytes instead of {}", chunk.bytes)),
        Some(_) => None,
    });
    problem.map(Problem::Damaged)
}
