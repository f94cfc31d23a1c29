//! Making a backup.

use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use entity::prelude::Timestamp;
use platform::{
    secrets,
    storage::{Database, Fault, Options, Row},
};
use tokio::io::AsyncReadExt;

use super::{BackupError, Backups, MANIFEST, read::context};
use crate::backups::{
    core::{
        manifest::{Chunk, Envelope, MOST_CHUNK_BYTES, MOST_MANIFEST_BYTES, Manifest, PARTS, PIECE_BYTES, TenantHead},
        sealed::{DataKey, KEY_BYTES, sha256},
    },
    file::{LocalCopy, LocalLock},
    id::BackupId,
};

/// One in so many uploads is read back at once.
const READ_BACK: u8 = 64;
/// Fast, and most of what zstd can do for a database.
const ZSTD_LEVEL: i32 = 3;

/// The database to back up.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The right to copy the embedded database.
    pub lock: &'a LocalLock,
    pub options: Options,
    /// The version of this binary.
    pub version: &'static str,
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub id: BackupId,
    /// Bytes of the database.
    pub bytes: u64,
    /// Bytes of the chunks.
    pub stored: u64,
    pub tenants: usize,
    /// Rows of files whose bytes are not inside.
    pub files: i64,
    /// The sum of the tenants' heads.
    pub head: i64,
}

/// Makes a backup while others use the database.
///
/// # Errors
/// The database cannot be read, there is no room for its copy, another run holds the place, or the place cannot be written to. A backup without its
/// manifest is left where it was begun; it is never restored, and prune removes it.
pub async fn run(backups: &Backups, source: &Source<'_>) -> Result<Made, BackupError> {
    let id = BackupId::new(&backups.clock);
    let work = async {
        let taken_at = backups.clock.now();
        let copy = LocalCopy::make(source.lock).await?;
        let key = new_key(backups);
        backup_of(backups, source, (&id, &key), &copy.path, taken_at).await
    };
    backups.locked(&id, Box::pin(work)).await
}

/// A random data key.
pub(super) fn new_key(backups: &Backups) -> DataKey {
    let mut bytes = [0; KEY_BYTES];
    backups.clock.fill(&mut bytes);
    DataKey::new(bytes)
}

/// Makes the backup of a copy, under this data key.
pub(super) async fn backup_of(
    backups: &Backups,
    source: &Source<'_>,
    (id, key): (&BackupId, &DataKey),
    copy: &Path,
    taken_at: Timestamp,
) -> Result<Made, BackupError> {
    let facts = Facts::of(copy, source.options).await?;
    let mut nonce = [0; 12];
    backups.clock.fill(&mut nonce);
    let sealed = backups.keys.seal(&context(id), key.bytes(), nonce);
    let sealed = sealed.ok_or_else(|| Fault::Broken("the data key could not be sealed".to_owned()))?;
    let stored = store(backups, id, key, copy).await?;
    let manifest = Manifest {
        id: id.to_string(),
        taken_at: taken_at.micros(),
        engine: "sqlite".to_owned(),
        schema: facts.schema,
        bytes: stored.bytes,
        sha256: stored.sha256,
        chunks: stored.chunks,
        keys: facts.keys,
        tenants: facts.tenants,
        files: facts.files,
        not_inside: PARTS.iter().filter(|part| !part.is_inside).map(|part| part.name.to_owned()).collect(),
    };
    finish(backups, id, &Envelope::of(&manifest, key, hex::encode(sealed), source.version).map_err(of_json)?).await?;
    Ok(Made {
        id: id.clone(),
        bytes: manifest.bytes,
        stored: manifest.chunks.iter().map(|chunk| chunk.bytes).sum(),
        tenants: manifest.tenants.len(),
        files: manifest.files,
        head: manifest.head(),
    })
}

fn of_json(error: serde_json::Error) -> BackupError {
    Fault::Broken(format!("the manifest cannot be written: {error}")).into()
}

/// Writes the manifest, which makes a backup of the chunks.
async fn finish(backups: &Backups, id: &BackupId, envelope: &Envelope) -> Result<(), BackupError> {
    let text = serde_json::to_vec_pretty(envelope).map_err(of_json)?;
    if text.len() as u64 > MOST_MANIFEST_BYTES {
        return Err(BackupError::TooManyParts);
    }
    backups.renew(id).await?;
    let object = format!("{id}/{MANIFEST}");
    if backups.store.create(&object, text.into()).await? { Ok(()) } else { Err(BackupError::Occupied(object)) }
}

struct Stored {
    bytes: u64,
    sha256: String,
    chunks: Vec<Chunk>,
}

/// Compresses, encrypts and writes the file piece by piece.
async fn store(backups: &Backups, id: &BackupId, key: &DataKey, copy: &Path) -> Result<Stored, BackupError> {
    let disk = |error| BackupError::Disk(copy.display().to_string(), error);
    let mut file = tokio::fs::File::open(copy).await.map_err(disk)?;
    let (mut whole, mut bytes, mut chunks) = (Context::new(&SHA256), 0, Vec::new());
    loop {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        (&mut file).take(PIECE_BYTES as u64).read_to_end(&mut piece).await.map_err(disk)?;
        if piece.is_empty() {
            return Ok(Stored { bytes, sha256: hex::encode(whole.finish()), chunks });
        }
        whole.update(&piece);
        bytes += piece.len() as u64;
        let number = chunks.len();
        let small = zstd::bulk::compress(&piece, ZSTD_LEVEL).map_err(disk)?;
        let sealed = key.seal(id.as_str(), number as u32, small);
        let sealed = sealed.ok_or_else(|| Fault::Broken("a chunk could not be encrypted".to_owned()))?;
        let chunk = Chunk { name: Chunk::name_of(number), bytes: sealed.len() as u64, sha256: sha256(&sealed) };
        let object = format!("{id}/{}", chunk.name);
        if !backups.store.create(&object, sealed.into()).await? {
            return Err(BackupError::Occupied(object));
        }
        read_back(backups, &object, &chunk).await?;
        chunks.push(chunk);
    }
}

/// Reads one in 64 objects back: a place that does not keep what it takes is found soon.
async fn read_back(backups: &Backups, object: &str, chunk: &Chunk) -> Result<(), BackupError> {
    let mut die = [0];
    backups.clock.fill(&mut die);
    if die[0] % READ_BACK != 0 {
        return Ok(());
    }
    let found = backups.store.get(object, MOST_CHUNK_BYTES).await?;
    let is_same = found.is_some_and(|bytes| sha256(&bytes) == chunk.sha256);
    if is_same { Ok(()) } else { Err(BackupError::ReadBack(object.to_owned())) }
}

/// The parts of a manifest that the copied file has in its tables.
struct Facts {
    schema: String,
    keys: Vec<String>,
    tenants: Vec<TenantHead>,
    files: i64,
}

impl Facts {
    async fn of(copy: &Path, options: Options) -> Result<Self, Fault> {
        let db = Database::open(&format!("sqlite://{}", copy.display()), options).await?;
        let read = Self::read(&db).await;
        // Puts all that is written into the file.
        db.close().await?;
        read
    }

    async fn read(db: &Database) -> Result<Self, Fault> {
        let global = db.global();
        let schema = global.rows("SELECT max(version) FROM seaql_migrations", vec![]).await?;
        let schema = schema.first().map_or_else(|| Ok(String::new()), |row| Row::new(row).take())?;
        let known = secrets::known(db).await?;
        let keys = known.into_iter().filter(|key| key.retired_at.is_none()).map(|key| key.id).collect();
        let tenants = heads(db).await?;
        let files = global.rows("SELECT count(*) FROM file WHERE state = 'READY'", vec![]).await?;
        let files = files.first().map_or(Ok(0), |row| Row::new(row).take())?;
        Ok(Self { schema, keys, tenants, files })
    }
}

/// The number of the last event of each tenant.
pub async fn heads(db: &Database) -> Result<Vec<TenantHead>, Fault> {
    let sql = "SELECT t.slug, c.head FROM tenant t JOIN tenant_counter c ON c.tenant_id = t.id ORDER BY t.slug, t.id";
    let rows = db.global().rows(sql, vec![]).await?;
    let head = |row| {
        let row = &mut Row::new(row);
        Ok(TenantHead { slug: row.take()?, head: row.take()? })
    };
    rows.iter().map(head).collect()
}
