//! Writes the chunks of a backup: each compressed and encrypted.

use bytes::Bytes;
use platform::{clock::Clock, storage::Fault};

use super::{BackupError, Backups};
use crate::{
    backups::{
        core::{
            manifest::{Chunk, MAX_CHUNK_BYTES},
            sealed::{DataKey, sha256},
        },
        id::BackupId,
    },
    files::Store,
};

/// One of this many uploads is read back at once.
const UPLOADS_PER_READ_BACK: u8 = 64;
/// A fast level, with most of the compression that zstd achieves for a database.
const ZSTD_LEVEL: i32 = 3;

/// Compresses, encrypts and writes one chunk, under its name and its number under this key.
pub(super) async fn put(
    backups: &Backups,
    (id, key): (&BackupId, &DataKey),
    (name, number): (String, usize),
    plain_bytes: &[u8],
) -> Result<Chunk, BackupError> {
    let compressed = zstd::bulk::compress(plain_bytes, ZSTD_LEVEL);
    let compressed = compressed.map_err(|error| Fault::Broken(format!("a chunk could not be compressed: {error}")))?;
    let sealed = key.seal(id.as_str(), number as u32, compressed);
    let sealed = sealed.ok_or_else(|| Fault::Broken("a chunk could not be encrypted".to_owned()))?;
    let chunk = Chunk { name, bytes: sealed.len() as u64, sha256: sha256(&sealed) };
    let object = format!("{id}/{}", chunk.name);
    create(backups, &object, sealed.into()).await?;
    read_back(&backups.store, &backups.clock, &object, &chunk).await?;
    Ok(chunk)
}

/// Creates an object. One that has these bytes already is ours: a place that answered too late was asked again.
pub(super) async fn create(backups: &Backups, object: &str, bytes: Bytes) -> Result<(), BackupError> {
    if backups.store.create(object, bytes.clone()).await? {
        return Ok(());
    }
    let stored = backups.store.get(object, bytes.len() as u64).await?;
    if stored.is_some_and(|stored| stored == bytes) { Ok(()) } else { Err(BackupError::Occupied(object.to_owned())) }
}

/// Reads back one of 64 objects, to detect a store that loses data.
async fn read_back(store: &Store, clock: &Clock, object: &str, chunk: &Chunk) -> Result<(), BackupError> {
    let mut random_byte = [0];
    clock.fill(&mut random_byte);
    if random_byte[0] % UPLOADS_PER_READ_BACK != 0 {
        return Ok(());
    }
    let stored_bytes = store.get(object, MAX_CHUNK_BYTES).await?;
    let is_same = stored_bytes.is_some_and(|bytes| sha256(&bytes) == chunk.sha256);
    if is_same { Ok(()) } else { Err(BackupError::ReadBack(object.to_owned())) }
}

#[cfg(test)]
mod tests {
    use entity::prelude::Timestamp;

    use super::*;
    use crate::files::FileLocation;

    #[tokio::test]
    async fn a_place_that_keeps_other_bytes_than_it_was_given_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&FileLocation::Folder(folder.path().to_owned())).unwrap();
        let clock = Clock::manual(|| Timestamp(0), 7);
        assert!(store.create("backup/000000", b"kept".as_slice().into()).await.unwrap());
        let chunk = |sent: &[u8]| Chunk { name: Chunk::name_of(0), bytes: 4, sha256: sha256(sent) };
        let (kept, other) = (chunk(b"kept"), chunk(b"sent"));
        let mut found = 0;
        for _ in 0..1_000 {
            read_back(&store, &clock, "backup/000000", &kept).await.unwrap();
            if let Err(error) = read_back(&store, &clock, "backup/000000", &other).await {
                assert!(matches!(&error, BackupError::ReadBack(object) if object == "backup/000000"), "{error}");
                found += 1;
            }
        }
        assert!((1..=60).contains(&found), "{found} of 1000, and one in 64 is looked for");
    }
}
