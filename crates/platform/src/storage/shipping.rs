//! The write-ahead log of SQLite with log shipping: which process ships it, and when it is
//! checkpointed.
//!
//! SQLite checkpoints in the connection that has committed the thousandth page, and the next writer
//! then starts the log over. Frames that were not read by then are lost. So if the log is shipped,
//! connections never checkpoint automatically, and the shipping process triggers each checkpoint
//! while no batch is written.

use std::{
    fs::{File, TryLockError},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::Path,
};

use sea_orm::sqlx::{self, Sqlite, pool::PoolConnection};

use super::{Backend, Database, Fault, session_lock::LockFile};

/// The right to ship the log of a database: a lock on FILE.shipping-lock, which ends with the
/// process.
#[derive(Debug)]
pub struct ShippingLock {
    file: File,
}

impl ShippingLock {
    /// Takes the lock of log shipping; None while another process has it.
    ///
    /// # Errors
    /// FILE.shipping-lock cannot be written.
    pub fn take(file: &Path) -> Result<Option<Self>, Fault> {
        Ok(LockFile::Shipping.lock(file)?.map(|file| Self { file }))
    }

    /// Stores a note about the work in progress, for the process that takes the lock next.
    ///
    /// # Errors
    /// The disk refuses the write.
    pub fn note(&self, text: &str) -> io::Result<()> {
        let mut file = &self.file;
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(text.as_bytes())
    }

    /// Returns the last note; empty if there is none.
    ///
    /// # Errors
    /// The file cannot be read, or holds no text.
    pub fn read_note(&self) -> io::Result<String> {
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

/// Result of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Frames in the log.
    pub frames: u64,
    /// Whether all of them are in the database file.
    pub is_whole: bool,
}

/// The only connection that writes, held exclusively: this process writes no batch meanwhile.
pub struct HeldWriter(PoolConnection<Sqlite>);

impl HeldWriter {
    /// Writes the frames of the log that no reader needs into the database file. Does not wait for
    /// other connections.
    ///
    /// # Errors
    /// The disk refuses the writes.
    pub async fn checkpoint(&mut self) -> Result<Checkpoint, Fault> {
        let result = sqlx::query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(&mut *self.0).await;
        let (busy, frames, checkpointed) =
            result.map_err(|error| Fault::Broken(format!("the log could not be checkpointed: {error}")))?;
        Ok(Checkpoint { frames: u64::try_from(frames).unwrap_or_default(), is_whole: busy == 0 && frames == checkpointed })
    }
}

impl Database {
    /// Waits for the batch that is being written, and blocks the next one until the returned value
    /// is dropped. None on Postgres.
    ///
    /// # Errors
    /// The batch takes longer than a statement waits for a connection.
    pub async fn hold_writer(&self) -> Result<Option<HeldWriter>, Fault> {
        if self.backend != Backend::Sqlite {
            return Ok(None);
        }
        let connection = self.owner.get_sqlite_connection_pool().acquire().await;
        let connection =
            connection.map_err(|error| Fault::Broken(format!("the writer of the database could not be held: {error}")))?;
        Ok(Some(HeldWriter(connection)))
    }
}
