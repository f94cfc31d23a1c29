//! Making a backup.

use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use entity::{
    prelude::Timestamp,
    record::{Record, Selected},
    tables::{tenant, tenant_counter},
};
use platform::{
    storage::{Database, Fault, GlobalReads, Options, Row},
    traces::{SpanKind, step},
};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{
    BackupError, Backups, MANIFEST,
    chunks::{create, put},
    file_lists::{StoredFiles, write_lists},
    read::context,
};
use crate::backups::{
    core::{
        manifest::{Chunk, Envelope, MAX_MANIFEST_BYTES, Manifest, PARTS, PIECE_BYTES, SQLITE, TenantHead},
        sealed::{DataKey, KEY_BYTES},
    },
    file::{LocalCopy, LocalLock},
    id::BackupId,
};

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
pub struct CompletedBackup {
    pub id: BackupId,
    /// Bytes of the database file, or of the dump.
    pub bytes: u64,
    /// Bytes of the chunks.
    pub stored: u64,
    pub tenants: usize,
    /// Files whose bytes are not in the backup.
    pub files: StoredFiles,
    /// The sum of the tenants' heads.
    pub head: i64,
}

/// Backs up a database in use.
///
/// # Errors
/// The database cannot be read, there is no room for its copy, another run holds the lock of the
/// location, or the location is not writable. A backup without its manifest is left where it is; it
/// is never restored, and prune removes it.
pub async fn run(backups: &Backups, source: &Source<'_>) -> Result<CompletedBackup, BackupError> {
    let id = BackupId::new(&backups.clock);
    let work = async {
        let taken_at = backups.clock.now();
        let copy = step("backup.copy", SpanKind::Internal, LocalCopy::make(source.lock)).await?;
        let key = new_key(backups);
        backup_copy(backups, source, (&id, &key), &copy.path, taken_at).await
    };
    backups.with_lock(&id, Box::pin(work)).await
}

/// A random data key.
pub(super) fn new_key(backups: &Backups) -> DataKey {
    let mut bytes = [0; KEY_BYTES];
    backups.clock.fill(&mut bytes);
    DataKey::new(bytes)
}

/// Makes the backup of a copy, under this data key.
pub(super) async fn backup_copy(
    backups: &Backups,
    source: &Source<'_>,
    (id, key): (&BackupId, &DataKey),
    copy: &Path,
    taken_at: Timestamp,
) -> Result<CompletedBackup, BackupError> {
    let db = Database::open(&format!("sqlite://{}", copy.display()), source.options).await?;
    let facts = step("backup.facts", SpanKind::Internal, Facts::of(backups, (id, key), &db.global())).await;
    // Puts all that is written into the file.
    db.close().await?;
    let (facts, name) = (facts?, copy.display().to_string());
    let mut file = tokio::fs::File::open(copy).await.map_err(|error| BackupError::Disk(name.clone(), error))?;
    let stored = step("backup.store", SpanKind::Internal, store(backups, (id, key), &mut file, &name)).await?;
    complete(backups, (id, key), Content { engine: SQLITE, version: source.version, taken_at, facts, stored }).await
}

/// Input of a manifest.
pub(super) struct Content {
    pub engine: &'static str,
    /// The version of this binary.
    pub version: &'static str,
    pub taken_at: Timestamp,
    pub facts: Facts,
    pub stored: StoredDatabase,
}

/// Completes a backup by writing its manifest.
pub(super) async fn complete(
    backups: &Backups,
    (id, key): (&BackupId, &DataKey),
    content: Content,
) -> Result<CompletedBackup, BackupError> {
    let Content { engine, version, taken_at, facts, stored } = content;
    let mut nonce = [0; 12];
    backups.clock.fill(&mut nonce);
    let sealed = backups.keys.seal(&context(id), key.bytes(), nonce);
    let sealed = sealed.ok_or_else(|| Fault::Broken("the data key could not be sealed".to_owned()))?;
    let manifest = Manifest {
        id: id.to_string(),
        taken_at: taken_at.micros(),
        engine: engine.to_owned(),
        schema: facts.schema,
        bytes: stored.bytes,
        sha256: stored.sha256,
        chunks: stored.chunks,
        keys: facts.keys,
        tenants: facts.tenants,
        files: facts.files.all,
        file_lists: facts.file_lists,
        not_inside: PARTS.iter().filter(|part| !part.is_inside).map(|part| part.name.to_owned()).collect(),
    };
    let envelope = Envelope::of(&manifest, key, hex::encode(sealed), version).map_err(manifest_fault)?;
    step("backup.manifest", SpanKind::Internal, finish(backups, id, &envelope)).await?;
    Ok(CompletedBackup {
        id: id.clone(),
        bytes: manifest.bytes,
        stored: manifest.chunks.iter().map(|chunk| chunk.bytes).sum(),
        tenants: manifest.tenants.len(),
        files: facts.files,
        head: manifest.head(),
    })
}

fn manifest_fault(error: serde_json::Error) -> BackupError {
    Fault::Broken(format!("the manifest cannot be written: {error}")).into()
}

/// Writes the manifest, which makes a backup of the chunks.
async fn finish(backups: &Backups, id: &BackupId, envelope: &Envelope) -> Result<(), BackupError> {
    let text = serde_json::to_vec_pretty(envelope).map_err(manifest_fault)?;
    if text.len() as u64 > MAX_MANIFEST_BYTES {
        return Err(BackupError::TooManyParts);
    }
    backups.renew(id).await?;
    let (object, text) = (format!("{id}/{MANIFEST}"), Bytes::from(text));
    create(backups, &object, text.clone()).await?;
    // Without it nothing of the backup can be read.
    let stored = backups.store.get(&object, MAX_MANIFEST_BYTES).await?;
    if stored.is_some_and(|stored| stored == text) { Ok(()) } else { Err(BackupError::ReadBack(object)) }
}

/// Stored form of the database.
pub(super) struct StoredDatabase {
    bytes: u64,
    sha256: String,
    chunks: Vec<Chunk>,
}

impl StoredDatabase {
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}

/// Compresses, encrypts and writes the input, piece by piece.
pub(super) async fn store(
    backups: &Backups,
    (id, key): (&BackupId, &DataKey),
    source: &mut (impl AsyncRead + Unpin),
    name: &str,
) -> Result<StoredDatabase, BackupError> {
    let (mut hasher, mut bytes, mut chunks) = (Context::new(&SHA256), 0, Vec::new());
    loop {
        let mut buffer = Vec::with_capacity(PIECE_BYTES);
        let outcome = (&mut *source).take(PIECE_BYTES as u64).read_to_end(&mut buffer).await;
        outcome.map_err(|error| BackupError::Disk(name.to_owned(), error))?;
        if buffer.is_empty() {
            return Ok(StoredDatabase { bytes, sha256: hex::encode(hasher.finish()), chunks });
        }
        hasher.update(&buffer);
        bytes += buffer.len() as u64;
        let number = chunks.len();
        chunks.push(put(backups, (id, key), (Chunk::name_of(number), number), &buffer).await?);
    }
}

/// Parts of a manifest that come from tables of the database.
pub(super) struct Facts {
    schema: String,
    keys: Vec<String>,
    tenants: Vec<TenantHead>,
    files: StoredFiles,
    file_lists: Vec<Chunk>,
}

impl Facts {
    /// Reads them, and writes the lists of stored files.
    pub(super) async fn of(
        backups: &Backups,
        (id, key): (&BackupId, &DataKey),
        reads: &impl GlobalReads,
    ) -> Result<Self, BackupError> {
        let schema = reads.rows("SELECT max(version) FROM seaql_migrations", vec![]).await?;
        let schema = schema.first().map_or_else(|| Ok(String::new()), Row::scalar)?;
        let keys = reads.rows("SELECT id FROM secret_key WHERE retired_at IS NULL ORDER BY serial", vec![]).await?;
        let keys = keys.iter().map(Row::scalar).collect::<Result<_, Fault>>()?;
        let tenants = heads_of(reads).await?;
        let files = StoredFiles::of(reads).await?;
        let file_lists = write_lists(backups, (id, &key.for_file_lists()), reads).await?;
        Ok(Self { schema, keys, tenants, files, file_lists })
    }
}

#[derive(Record)]
struct HeadRow {
    #[record(of = tenant, alias = "t")]
    slug: String,
    #[record(of = tenant_counter, alias = "c")]
    head: i64,
}

/// The number of the last event of each tenant.
pub async fn heads(db: &Database) -> Result<Vec<TenantHead>, Fault> {
    heads_of(&db.global()).await
}

async fn heads_of(reads: &impl GlobalReads) -> Result<Vec<TenantHead>, Fault> {
    let sql =
        format!("SELECT {} FROM tenant t JOIN tenant_counter c ON c.tenant_id = t.id ORDER BY t.slug, t.id", HeadRow::SELECT);
    let rows = reads.records::<HeadRow>(&sql, vec![]).await?;
    Ok(rows.into_iter().map(|row| TenantHead { slug: row.slug, head: row.head }).collect())
}
