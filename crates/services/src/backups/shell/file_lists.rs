//! The stored files: not inside a backup, but listed in it with their hashes, so that the current
//! files can be compared.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use entity::record::{Record, Selected};
use futures_util::StreamExt;
use platform::storage::{Database, Fault, GlobalReads};
use uuid::Uuid;

use super::{BackupError, Backups, chunks::put, read::OpenBackup};
use crate::{
    backups::{
        core::{
            file_list::{FileList, ListedFile, listed_files},
            manifest::Chunk,
            sealed::DataKey,
        },
        id::BackupId,
        rows,
    },
    files::{Store, StoreError},
};

/// Rows of files read at a time.
const PAGE: i64 = 1_000;
/// Maximum missing files that are looked up in the database, which has the removed ones: if the
/// store is the wrong one, all are missing.
const MAX_LOOKUPS: u64 = 10_000;

/// Stored files of a database, whose bytes no backup of it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Record)]
pub struct StoredFiles {
    #[record(sql = "count(*)")]
    pub all: i64,
    /// Files among `all` that expire: a backup does not list their hashes.
    #[record(sql = "count(f.expires_at)")]
    pub expiring: i64,
}

impl StoredFiles {
    pub(super) async fn of(reads: &impl GlobalReads) -> Result<Self, Fault> {
        let sql = format!("SELECT {} FROM file f WHERE f.state = 'READY'", Self::SELECT);
        Ok(reads.records::<Self>(&sql, vec![]).await?.pop().unwrap_or_default())
    }
}

impl fmt::Display for StoredFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} stored file(s)", self.all)?;
        if self.expiring > 0 { write!(f, " ({} of them expire)", self.expiring) } else { Ok(()) }
    }
}

/// Returns the number of files that the database lists as stored.
pub async fn count_stored_files(db: &Database) -> Result<StoredFiles, Fault> {
    StoredFiles::of(&db.global()).await
}

/// Counts of a comparison of stored files with a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileComparison {
    /// Unchanged files.
    pub same: u64,
    pub missing: u64,
    /// Files with other content than in the backup.
    pub changed: u64,
    /// Missing files that their tenants have removed since the backup.
    pub removed: u64,
}

/// Difference of a stored file from its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    Missing,
    Changed,
}

/// Lists the stored files under a key of their own.
pub(super) async fn write_lists(
    backups: &Backups,
    (id, key): (&BackupId, &DataKey),
    reads: &impl GlobalReads,
) -> Result<Vec<Chunk>, BackupError> {
    let json_fault = |error: serde_json::Error| Fault::Broken(format!("a list of files cannot be written: {error}"));
    let (mut list, mut lists, mut after) = (FileList::default(), Vec::new(), (Uuid::nil(), Uuid::nil()));
    loop {
        let page = rows::stored_files(reads, after, PAGE).await?;
        for file in &page {
            after = (file.tenant, file.id);
            if let Some(full) = list.add(file).map_err(json_fault)? {
                let number = lists.len();
                lists.push(put(backups, (id, key), (Chunk::list_name_of(number), number), &full).await?);
            }
        }
        if page.is_empty() {
            break;
        }
    }
    if let Some(last_list) = list.last_list() {
        let number = lists.len();
        lists.push(put(backups, (id, key), (Chunk::list_name_of(number), number), &last_list).await?);
    }
    Ok(lists)
}

impl Backups {
    /// Returns the files of one list, after its hash is checked.
    async fn read_file_list(&self, backup: &OpenBackup, number: usize, list: &Chunk) -> Result<Vec<ListedFile>, BackupError> {
        let text = self.read_chunk(backup, &backup.key.for_file_lists(), number, list).await?;
        listed_files(&text).ok_or_else(|| {
            let (id, chunk) = (backup.id.clone(), list.name.clone());
            BackupError::Chunk { id, chunk, why: "is no list of files".to_owned() }
        })
    }

    /// Returns the number of listed files, after each list is verified.
    pub(super) async fn count_listed(&self, backup: &OpenBackup) -> Result<u64, BackupError> {
        let mut count = 0;
        for (number, list) in backup.manifest.file_lists.iter().enumerate() {
            count += self.read_file_list(backup, number, list).await?.len() as u64;
        }
        Ok(count)
    }

    /// Reads every stored file that a backup lists, and compares its hash. `each` is called for
    /// each missing or changed file. A missing file counts as removed if `db` is given and does not
    /// have it either.
    ///
    /// # Errors
    /// A list is missing or was changed, or the file store or the database cannot be read.
    pub async fn compare_files(
        &self,
        id: &BackupId,
        store: &Store,
        db: Option<&Database>,
        mut each: impl FnMut(&str),
    ) -> Result<FileComparison, BackupError> {
        let (backup, mut comparison, mut lookups) = (self.open_verified(id).await?, FileComparison::default(), 0);
        for (number, list) in backup.manifest.file_lists.iter().enumerate() {
            for file in self.read_file_list(&backup, number, list).await? {
                match difference(store, &file).await.map_err(BackupError::Files)? {
                    None => comparison.same += 1,
                    Some(Difference::Changed) => {
                        comparison.changed += 1;
                        each(&format!("CHANGED\t{}\tits bytes are not those that were stored", file.blob));
                    }
                    Some(Difference::Missing) => {
                        lookups += 1;
                        if let Some(db) = db.filter(|_| lookups <= MAX_LOOKUPS)
                            && !rows::is_stored(&db.global(), &file).await?
                        {
                            comparison.removed += 1;
                            continue;
                        }
                        comparison.missing += 1;
                        each(&format!("MISSING\t{}\t{} bytes", file.blob, file.bytes));
                    }
                }
            }
        }
        Ok(comparison)
    }
}

/// Returns the difference between a stored file and its list entry. The file is read as a stream;
/// one of another size is not read at all.
async fn difference(store: &Store, file: &ListedFile) -> Result<Option<Difference>, StoreError> {
    match store.size(&file.blob).await? {
        None => return Ok(Some(Difference::Missing)),
        Some(bytes) if bytes != file.bytes => return Ok(Some(Difference::Changed)),
        Some(_) => {}
    }
    let Some(sha256) = &file.sha256 else { return Ok(None) };
    let mut bytes = match store.read(&file.blob).await {
        Err(StoreError::Missing) => return Ok(Some(Difference::Missing)),
        bytes => bytes?,
    };
    let mut hasher = Context::new(&SHA256);
    while let Some(chunk) = bytes.next().await {
        hasher.update(&chunk?);
    }
    Ok((hex::encode(hasher.finish()) != *sha256).then_some(Difference::Changed))
}
