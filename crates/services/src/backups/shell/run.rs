//! Making a backup.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use entity::prelude::*;
use platform::{
    clock::Clock,
    secrets,
    storage::{Database, Fault, Options, Row},
};
use tokio::io::AsyncReadExt;

use super::{BackupError, Backups, MANIFEST, PIECE_BYTES, context};
use crate::backups::{
    core::{
        manifest::{Chunk, Envelope, Manifest, PARTS, TenantHead},
        sealed::{DataKey, KEY_BYTES, hex, sha256},
    },
    file::copy_file,
};

/// One in so many uploads is read back at once.
const READ_BACK: u8 = 64;

/// The database to back up.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file of the embedded database.
    pub file: PathBuf,
    pub options: Options,
    /// The version of this binary.
    pub version: &'static str,
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub id: String,
    /// Bytes of the database, and as stored.
    pub bytes: u64,
    pub stored: u64,
    pub tenants: usize,
    /// Rows of files whose bytes are not inside.
    pub files: i64,
}

/// Makes a backup beside whoever uses the database.
///
/// # Errors
/// The database cannot be read, there is no room for its copy, another run holds the place, or the place cannot be written to. A backup without its
/// manifest is left where it was begun, and is never taken for a whole one.
pub async fn run(backups: &Backups, source: &Source) -> Result<Made, BackupError> {
    let id = new_id(&backups.clock);
    backups.lock(&id).await?;
    let copy = beside(&source.file, &id);
    let made = match copy_file(&source.file, &copy).await {
        Ok(()) => backup_of(backups, source, &id, &copy).await,
        Err(fault) => Err(fault.into()),
    };
    for end in ["", "-wal", "-shm", "-journal"] {
        let _ = tokio::fs::remove_file(format!("{}{end}", copy.display())).await;
    }
    // A lock that another run has taken over stays.
    if backups.keep_lock(&id).await.is_ok() {
        backups.store.remove(super::LOCK).await?;
    }
    made
}

async fn backup_of(backups: &Backups, source: &Source, id: &str, copy: &Path) -> Result<Made, BackupError> {
    let facts = Facts::of(copy, source.options).await?;
    let mut bytes = [0; KEY_BYTES];
    backups.clock.fill(&mut bytes);
    let key = DataKey::new(bytes);
    let mut nonce = [0; 12];
    backups.clock.fill(&mut nonce);
    let sealed = backups.keys.seal(&context(id), key.bytes(), nonce);
    let sealed = sealed.ok_or_else(|| Fault::Broken("the data key could not be sealed".to_owned()))?;
    let stored = store(backups, id, &key, copy).await?;
    let manifest = Manifest {
        id: id.to_owned(),
        made_at: backups.clock.now().micros(),
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
    let of_json = |error: serde_json::Error| BackupError::Refused(format!("the manifest cannot be written: {error}"));
    let envelope = Envelope::of(&manifest, &key, hex(&sealed), source.version).map_err(of_json)?;
    let text = serde_json::to_vec_pretty(&envelope).map_err(of_json)?;
    if !backups.store.create(&format!("{id}/{MANIFEST}"), text.into()).await? {
        return Err(BackupError::Refused(format!("the backup {id} has a manifest already: another run writes here")));
    }
    Ok(Made {
        id: id.to_owned(),
        bytes: manifest.bytes,
        stored: manifest.chunks.iter().map(|chunk| chunk.bytes).sum(),
        tenants: manifest.tenants.len(),
        files: manifest.files,
    })
}

struct Stored {
    bytes: u64,
    sha256: String,
    chunks: Vec<Chunk>,
}

/// Compresses, encrypts and writes the file piece by piece.
async fn store(backups: &Backups, id: &str, key: &DataKey, copy: &Path) -> Result<Stored, BackupError> {
    let disk = |error| BackupError::Disk(copy.display().to_string(), error);
    let mut file = tokio::fs::File::open(copy).await.map_err(disk)?;
    let (mut whole, mut bytes, mut chunks) = (Context::new(&SHA256), 0, Vec::new());
    loop {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        (&mut file).take(PIECE_BYTES as u64).read_to_end(&mut piece).await.map_err(disk)?;
        if piece.is_empty() {
            break;
        }
        whole.update(&piece);
        bytes += piece.len() as u64;
        let number = chunks.len();
        let small = zstd::bulk::compress(&piece, 3).map_err(disk)?;
        let sealed = key.seal(id, number as u32, small);
        let sealed = sealed.ok_or_else(|| Fault::Broken("a chunk could not be encrypted".to_owned()))?;
        let chunk = Chunk { name: format!("{number:06}"), bytes: sealed.len() as u64, sha256: sha256(&sealed) };
        let object = format!("{id}/{}", chunk.name);
        if !backups.store.create(&object, sealed.into()).await? {
            return Err(BackupError::Refused(format!("{object} is there already: another run writes here")));
        }
        let mut die = [0];
        backups.clock.fill(&mut die);
        if die[0] % READ_BACK == 0 && sha256(&backups.store.get(&object).await?) != chunk.sha256 {
            return Err(BackupError::Refused(format!(
                "{object} reads back as other bytes: the place of the backups is not sound"
            )));
        }
        backups.keep_lock(id).await?;
        chunks.push(chunk);
    }
    Ok(Stored { bytes, sha256: hex(whole.finish().as_ref()), chunks })
}

/// What the copied file says of itself.
struct Facts {
    schema: String,
    keys: Vec<String>,
    tenants: Vec<TenantHead>,
    files: i64,
}

impl Facts {
    async fn of(copy: &Path, options: Options) -> Result<Self, Fault> {
        let db = Database::open(&format!("sqlite://{}", copy.display()), options).await?;
        let global = db.global();
        let text = async |sql: &str| -> Result<Vec<String>, Fault> {
            global.rows(sql, vec![]).await?.iter().map(|row| Row::new(row).take()).collect()
        };
        let schema = text("SELECT max(version) FROM seaql_migrations").await?.pop().unwrap_or_default();
        let known = secrets::known(&db).await?;
        let rows = global
            .rows("SELECT t.slug, c.head FROM tenant t JOIN tenant_counter c ON c.tenant_id = t.id ORDER BY t.slug", vec![]);
        let tenants = rows.await?.iter().map(|row| {
            let mut row = Row::new(row);
            Ok::<_, Fault>(TenantHead { slug: row.take()?, head: row.take()? })
        });
        let tenants = tenants.collect::<Result<_, _>>()?;
        let files = global.rows("SELECT count(*) FROM file WHERE state = 'READY'", vec![]).await?;
        let files = files.first().map_or(Ok(0), |row| Row::new(row).take())?;
        db.close().await?;
        let keys = known.into_iter().filter(|key| key.retired_at.is_none()).map(|key| key.id).collect();
        Ok(Self { schema, keys, tenants, files })
    }
}

/// A name that sorts by time: 20261123T205900Z-1a2b3c4d.
fn new_id(clock: &Clock) -> String {
    let at = platform::clock::rfc3339(Timestamp(clock.now().micros()));
    let at: String = at.split('.').next().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
    let mut tail = [0; 4];
    clock.fill(&mut tail);
    format!("{}Z-{}", at.trim_end_matches('Z'), hex(&tail))
}

/// A file beside the database, where there is as much room as it needs.
fn beside(file: &Path, id: &str) -> PathBuf {
    PathBuf::from(format!("{}.backup-{id}", file.display()))
}
