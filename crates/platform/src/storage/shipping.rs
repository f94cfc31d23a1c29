//! The write-ahead log of SQLite where somebody ships it: who does, and when it goes into the database file.
//!
//! SQLite checkpoints in whichever connection has committed the thousandth page, and the next writer then begins the log anew. Frames that nobody has read by then
//! are gone from it. So where the log is shipped no connection checkpoints by itself, and who ships it orders each one while no batch is written.

use std::{
    fs::{File, TryLockError},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::Path,
};

use sea_orm::sqlx::{self, Sqlite, pool::PoolConnection};

use super::{Backend, Database, Fault, session_lock::LockFile};

/// The right to ship the log of a database: a lock of the system on FILE.shipping-lock, which ends with the process.
#[derive(Debug)]
pub struct ShippingLock {
    file: File,
}

impl ShippingLock {
    /// None while another process has it.
    ///
    /// # Errors
    /// FILE.shipping-lock cannot be written.
    pub fn take(file: &Path) -> Result<Option<Self>, Fault> {
        Ok(LockFile::Shipping.lock(file)?.map(|file| Self { file }))
    }

    /// Notes what is being made, for the process that has the lock after this one.
    ///
    /// # Errors
    /// The disk refuses the write.
    pub fn note(&self, text: &str) -> io::Result<()> {
        let mut file = &self.file;
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(text.as_bytes())
    }

    /// What was noted last; empty where nothing was.
    ///
    /// # Errors
    /// The file cannot be read, or holds no text.
    pub fn noted(&self) -> io::Result<String> {
        let (mut file, mut text) = (&self.file, String::new());
        file.seek(SeekFrom::Start(0))?;
        file.read_to_string(&mut text)?;
        Ok(text)
    }
}

/// Whether a process ships the log of this database now.
pub fn is_shipped(file: &Path) -> bool {
    match File::open(LockFile::Shipping.path(file)) {
        Ok(lock) => matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)),
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

/// What a checkpoint came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Frames in the log.
    pub frames: u64,
    /// Whether all of them are in the database file.
    pub is_whole: bool,
}

/// The one connection that writes, while nobody else has it: no batch of this process is written meanwhile.
pub struct HeldWriter(PoolConnection<Sqlite>);

impl HeldWriter {
    /// Puts as many frames into the database file as no reader needs where they are. It waits for nobody.
    ///
    /// # Errors
    /// The disk refuses the writes.
    pub async fn checkpoint(&mut self) -> Result<Checkpoint, Fault> {
        let asked = sqlx::query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(&mut *self.0).await;
        let (busy, frames, done) = asked.map_err(|error| Fault::Broken(format!("the log could not be checkpointed: {error}")))?;
        Ok(Checkpoint { frames: u64::try_from(frames).unwrap_or_default(), is_whole: busy == 0 && frames == done })
    }
}

impl Database {
    /// Waits for the batch that is being written, and keeps the next one out for as long as the answer is held. None on Postgres.
    ///
    /// # Errors
    /// The batch takes longer than a statement waits for a connection.
    pub async fn hold_writer(&self) -> Result<Option<HeldWriter>, Fault> {
        if self.backend != Backend::Sqlite {
            return Ok(None);
        }
        let held = self.owner.get_sqlite_connection_pool().acquire().await;
        let held = held.map_err(|error| Fault::Broken(format!("the writer of the database could not be held: {error}")))?;
        Ok(Some(HeldWriter(held)))
    }
}
