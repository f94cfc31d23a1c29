//! A consistent copy of an embedded database in use.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use platform::storage::{Fault, LockFile, free_bytes};
use sea_orm::sqlx::{self, ConnectOptions, Connection, sqlite};

/// Maximum time that the copy waits for a lock on the database.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes that a copy leaves free beside a twentieth of the database, for commits meanwhile.
const MIN_RESERVE: u64 = 64 << 20;
/// Suffixes of a database, its journals and its shared memory.
const DATABASE_SUFFIXES: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// Returns the file and the companion files that SQLite keeps next to it.
pub fn with_companions(file: &Path) -> [PathBuf; 4] {
    DATABASE_SUFFIXES.map(|end| PathBuf::from(format!("{}{end}", file.display())))
}

/// Removes a closed database with its companion files.
pub fn remove(file: &Path) {
    for path in with_companions(file) {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), %error, "a file cannot be removed: remove it by hand");
            }
            _ => {}
        }
    }
}

/// The right to back up or drill a database on this machine: one at a time. It is a lock of the
/// operating system on FILE.backup-lock, and ends with the process, so its holder knows that all
/// earlier runs have ended.
#[derive(Debug)]
pub struct LocalLock {
    file: PathBuf,
    _lock: File,
}

impl LocalLock {
    /// Takes the lock; returns `None` while another run holds it.
    ///
    /// # Errors
    /// FILE.backup-lock cannot be written.
    pub fn take(file: &Path) -> Result<Option<Self>, Fault> {
        Ok(LockFile::Backups.lock(file)?.map(|lock| Self { file: file.to_owned(), _lock: lock }))
    }

    /// Returns the path that a drill restores to. Remains of a killed drill are removed.
    ///
    /// # Errors
    /// The disk of the database has no room for another one.
    pub fn drill_target(&self) -> Result<PathBuf, Fault> {
        let target = sibling(&self.file, "drill");
        remove(&sibling(&target, "restoring"));
        self.check_room()?;
        Ok(target)
    }

    /// Refuses to write another database beside this one where the disk has no room for both: commits would fail for want of it.
    fn check_room(&self) -> Result<(), Fault> {
        let [file, log, ..] = with_companions(&self.file);
        let bytes_of = |path: &Path| std::fs::metadata(path).map_or(0, |facts| facts.len());
        let bytes = bytes_of(&file) + bytes_of(&log);
        let needed = bytes + bytes / 20 + MIN_RESERVE;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match free_bytes(folder) {
            Some(free) if free < needed => Err(Fault::Broken(format!(
                "{} MiB are free in {}, and a second copy of the database beside it needs {}: commits would fail on a full disk. Free space there",
                free >> 20,
                folder.display(),
                needed >> 20
            ))),
            _ => Ok(()),
        }
    }
}

fn sibling(file: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}.{end}", file.display()))
}

/// A copy next to the database, FILE.backup-copy. It is removed on drop; the remains of a killed
/// run are replaced by the next.
#[derive(Debug)]
pub struct LocalCopy {
    pub path: PathBuf,
}

impl LocalCopy {
    /// Copies the database with all commits up to the start of the copy.
    ///
    /// # Errors
    /// The file does not exist, or the disk has no room for the copy.
    pub async fn make(lock: &LocalLock) -> Result<Self, Fault> {
        let file = &lock.file;
        if !file.exists() {
            return Err(Fault::Broken(format!("there is no database at {}", file.display())));
        }
        let copy = Self { path: sibling(file, "backup-copy") };
        remove(&copy.path);
        lock.check_room()?;
        copy_file(file, &copy.path).await?;
        Ok(copy)
    }
}

impl LocalCopy {
    /// Returns the path of a copy that the caller writes; an existing file is removed.
    ///
    /// # Errors
    /// The disk of the database has no room for another one.
    pub fn place(lock: &LocalLock) -> Result<Self, Fault> {
        let copy = Self { path: sibling(&lock.file, "backup-copy") };
        remove(&copy.path);
        lock.check_room()?;
        Ok(copy)
    }
}

impl Drop for LocalCopy {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Writes one file with all commits before its start (`VACUUM INTO`). It uses a connection of its
/// own: those of readers may not write, and none may be inside a transaction. It needs as much
/// space as the database, and keeps the write-ahead log from being reset meanwhile.
async fn copy_file(file: &Path, target: &Path) -> Result<(), Fault> {
    let sqlite_fault = |err: sqlx::Error| {
        Fault::Broken(format!(
            "{} cannot be copied to {}: {err}. The copy needs as much space as the database, and write permission there",
            file.display(),
            target.display()
        ))
    };
    let options = sqlite::SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .busy_timeout(LOCK_TIMEOUT)
        // Checkpoints are the server's.
        .pragma("wal_autocheckpoint", "0")
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(sqlite_fault)?;
    let outcome = sqlx::query("VACUUM INTO ?1").bind(target.display().to_string()).execute(&mut connection).await;
    connection.close().await.map_err(sqlite_fault)?;
    outcome.map(drop).map_err(sqlite_fault)
}

/// Checks a whole file for damage (`PRAGMA integrity_check`).
///
/// # Errors
/// The file is damaged, or no database.
pub async fn examine_file(file: &Path) -> Result<(), Fault> {
    let sqlite_fault = |err: sqlx::Error| Fault::Broken(format!("{} is no sound database: {err}", file.display()));
    let options = sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(false).disable_statement_logging();
    let mut connection = options.connect().await.map_err(sqlite_fault)?;
    let check_result: Result<String, sqlx::Error> = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await;
    connection.close().await.map_err(sqlite_fault)?;
    match check_result.map_err(sqlite_fault)?.as_str() {
        "ok" => Ok(()),
        problem => Err(Fault::Broken(format!("{} is damaged: {problem}", file.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_copy_at_a_time_and_nothing_left_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.sqlite");
        let options = sqlite::SqliteConnectOptions::new().filename(&file).create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql("CREATE TABLE mug (id INTEGER); INSERT INTO mug VALUES (7)").execute(&mut connection).await.unwrap();
        // Remains of a killed run.
        std::fs::write(folder.path().join("shop.sqlite.backup-copy"), "half a copy").unwrap();
        std::fs::write(folder.path().join("shop.sqlite.backup-copy-wal"), "half a log").unwrap();
        let lock = LocalLock::take(&file).unwrap().unwrap();
        let copy = LocalCopy::make(&lock).await.unwrap();
        examine_file(&copy.path).await.unwrap();
        assert!(LocalLock::take(&file).unwrap().is_none(), "a second one has no right to a copy");
        let path = copy.path.clone();
        drop(copy);
        assert!(with_companions(&path).iter().all(|path| !path.exists()));
        std::fs::write(folder.path().join("shop.sqlite.drill.restoring"), "half a drill").unwrap();
        assert!(with_companions(&lock.drill_target().unwrap()).iter().all(|path| !path.exists()));
        assert!(!folder.path().join("shop.sqlite.drill.restoring").exists());
        drop(lock);
        assert!(LocalLock::take(&file).unwrap().is_some());
    }

    #[tokio::test]
    async fn a_damaged_file_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("torn.sqlite");
        std::fs::write(&file, vec![7; 8192]).unwrap();
        assert!(examine_file(&file).await.unwrap_err().to_string().contains("no sound database"));
    }
}
