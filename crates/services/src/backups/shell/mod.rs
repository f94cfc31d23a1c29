//! Backups in a location: a folder or a bucket.

mod chunks;
pub mod dump;
pub mod file_lists;
pub mod list;
mod lock;
pub mod log;
pub mod newest;
pub mod prune;
pub mod read;
pub mod restore;
pub mod revocations;
pub mod run;
pub mod segments;
pub mod ship;
pub mod verify;

use std::collections::BTreeMap;

use platform::{clock::Clock, secrets, storage::Fault};

use super::{core::manifest::ManifestError, id::BackupId};
use crate::files::{FileLocation, Store, StoreError};

/// The master keys, as configured.
pub type Keys = secrets::Keys;

const MANIFEST: &str = "manifest.json";
/// Object with the time at which a backup was verified as a whole, in microseconds since 1970 UTC.
const VERIFIED_OBJECT: &str = "verified";
/// Object with the time at which prune marked a backup, in microseconds since 1970 UTC.
const MARK_OBJECT: &str = "marked";
/// Maximum bytes of a small object (a lock, a time).
const MAX_NOTE_BYTES: u64 = 1 << 10;

/// Error of making, reading or removing a backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{0}")]
    Fault(#[from] Fault),
    #[error("the backup location cannot be reached: {0}. Check --backups, the network and the permissions there")]
    Unreachable(String),
    #[error("the backup location is full. Free space, or run `entrepot backup prune`")]
    Full,
    #[error("an object of the backups was removed while it was needed. Run the command again")]
    Removed,
    #[error("the backup {0}: {1}")]
    Manifest(BackupId, ManifestError),
    #[error(
        "the backup {0} has no manifest: it was never finished, has lost it, or does not exist. `entrepot backup list` prints those that exist"
    )]
    NoManifest(BackupId),
    #[error("\"{0}\" is no ID of a backup. `entrepot backup list` prints them")]
    NoId(String),
    #[error("this backup location has no finished backup. Check --backups, or make one with `entrepot backup run`")]
    NoBackup,
    #[error("the backup {0} does not open: {1}. Give the keys that it was made with (--keys-file)")]
    Sealed(BackupId, secrets::OpenError),
    #[error("keys: missing {missing} of {needed}: {ids} seal values in the backup {id}. Give them too (--keys-file)")]
    KeysMissing { id: BackupId, missing: usize, needed: usize, ids: String },
    #[error("the chunk {id}/{chunk} {why}. Restore another backup, and check the backup location")]
    Chunk { id: BackupId, chunk: String, why: String },
    #[error(
        "the segment {object} {why}. Restore the commits before it with --at {until}, check the backup location, and restart the server to begin a new generation"
    )]
    Segment { object: String, why: String, until: String },
    #[error("no backup was taken before {0}. `entrepot backup list` prints those that exist")]
    NoneBefore(String),
    #[error("the backup {0} was taken at {1}: it cannot be restored to an earlier moment")]
    TooEarly(BackupId, String),
    #[error(
        "the backup {id} reaches {reach}, which is in the future: a clock was ahead when it was made, or is behind here, so that another backup may be newer. Check the clocks and `entrepot backup list`, and name the ID of the backup to take{before}"
    )]
    ToCome { id: BackupId, reach: String, before: String },
    #[error("frames of the database's log may be lost: another process has checkpointed it")]
    LogLost,
    #[error("a segment of the log could not be packed and encrypted")]
    SegmentUnsealed,
    #[error("the log of the database was restarted while its file was copied")]
    LogRenewed,
    #[error("no backup of this location is whole. The newest: {0}")]
    NoneWhole(String),
    #[error("the backup {0} does not have the size and the hash of the backed-up database. Restore another one")]
    NotWhole(BackupId),
    #[error(
        "the backup {id} is of a newer Entrepot than this one (its database has the migration {schema}): use that version or a later one"
    )]
    NewerSchema { id: BackupId, schema: String },
    #[error("another backup, {by}, is being made in this place: let it finish. One that was killed holds its lock until {until}")]
    Locked { by: String, until: String },
    #[error("another backup or drill of this database is running on this machine: let it finish, then run this one again")]
    Busy,
    #[error(
        "another run has taken over this backup location, as this one did not renew its lock for ten minutes. Run this command again when the other one has finished"
    )]
    TakenOver,
    #[error("{0} already exists: another backup writes to this place. Run this command again when it has finished")]
    Occupied(String),
    #[error(
        "the segment {0} read back twice as other bytes than were sent, so its generation ends before it, and another is tried after a pause. Check the backup location or give another one in --backups, then run `entrepot backup verify`"
    )]
    NotKept(String),
    #[error("{0} reads back as other bytes: the backup location is unreliable. Use another one")]
    ReadBack(String),
    #[error("the database is too large for a manifest of {most} bytes", most = super::core::manifest::MAX_MANIFEST_BYTES)]
    TooManyParts,
    #[error("{0} already exists. Restore into a new file, and move it afterwards")]
    TargetExists(String),
    #[error(
        "{0} already exists: another restore writes it, or was killed. If none is running, remove it, and run this command again"
    )]
    RestoreLeft(String),
    #[error(
        "the backup {id} is one of {engine}, and --database-url names a database of {wanted}: restore it into one of its kind"
    )]
    OtherEngine { id: BackupId, engine: String, wanted: &'static str },
    #[error("another backup or drill of this database is running: let it finish, then run this one again")]
    RunningDump,
    #[error("{0} already exists. Restore into an empty database: make one with CREATE DATABASE, and name it in --database-url")]
    NotEmpty(String),
    #[error(
        "the login does not see all rows of {0}, and a backup would lack them: give the login that owns the tables in --database-url, and run `entrepot migrate` with it where it was restored or given its tables"
    )]
    Hidden(String),
    #[error(
        "{0} is not there: install the client programs of Postgres in the server's version or a newer one (Debian: postgresql-client), or say where they are with --pg-dump and --pg-restore"
    )]
    NoProgram(String),
    #[error("{program} failed: {why}")]
    Program { program: String, why: String },
    #[error("the stored files cannot be read: {0}. Look at --files")]
    Files(StoreError),
    #[error("{0}: {1}")]
    Disk(String, std::io::Error),
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing => Self::Removed,
            StoreError::Full => Self::Full,
            StoreError::Away(reason) => Self::Unreachable(reason),
        }
    }
}

/// The backups of a location.
pub struct Backups {
    store: Store,
    keys: Keys,
    clock: Clock,
}

/// Names and sizes in bytes of a backup's objects.
type Objects = BTreeMap<String, u64>;

/// Whether a backup was whole once, and its manifest is missing. Prune removes none that it has not marked.
fn has_lost_manifest(objects: &Objects) -> bool {
    objects.contains_key(VERIFIED_OBJECT) && !objects.contains_key(MANIFEST) && !objects.contains_key(MARK_OBJECT)
}

impl Backups {
    /// # Errors
    /// The location cannot be reached or written to.
    pub fn open(location: &FileLocation, keys: Keys, clock: Clock) -> Result<Self, BackupError> {
        Ok(Self { store: Store::open(location)?, keys, clock })
    }

    /// Returns the objects of each backup. Objects without the name of a backup are foreign, and
    /// skipped.
    async fn objects(&self) -> Result<BTreeMap<BackupId, Objects>, BackupError> {
        let mut backups: BTreeMap<BackupId, Objects> = BTreeMap::new();
        for (name, size) in self.store.names().await? {
            let parts = name.split_once('/').and_then(|(id, object)| Some((BackupId::parse(id)?, object)));
            if let Some((id, object)) = parts {
                backups.entry(id).or_default().insert(object.to_owned(), size);
            }
        }
        Ok(backups)
    }

    /// Reads a small text; `None` if it does not exist or is not UTF-8.
    async fn read_note(&self, name: &str) -> Result<Option<String>, BackupError> {
        match self.store.get(name, MAX_NOTE_BYTES).await {
            Ok(bytes) => Ok(bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok())),
            Err(StoreError::Missing) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn moment(&self, name: &str) -> Result<Option<i64>, BackupError> {
        Ok(self.read_note(name).await?.and_then(|text| text.trim().parse().ok()))
    }

    /// Finds a backup by a person's input: an ID, or `newest`, which is the one that reaches
    /// farthest with its segments and has a manifest, readable or not.
    ///
    /// # Errors
    /// The text is no ID, there is no backup, or the newest is unknown, since one reaches into the
    /// future.
    pub async fn find(&self, name: &str) -> Result<BackupId, BackupError> {
        if name != "newest" {
            return BackupId::parse(name).ok_or_else(|| BackupError::NoId(name.chars().take(64).collect()));
        }
        self.find_farthest().await
    }
}
