//! Locks that one run holds on a whole database for as long as it takes: an advisory lock of
//! Postgres, and a file lock beside an embedded database. Both end with the process that holds
//! them, however it ends.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, IsolationLevel, Statement, TransactionOptions, TransactionTrait};

use super::{Database, Fault, Row};

/// Every advisory lock of this program, by its key: the compiler refuses duplicate numbers. Keys
/// are per database: other databases of the cluster have theirs. Tests take 7170152 and 7170153.
#[derive(Debug, Clone, Copy)]
pub(super) enum AdvisoryKey {
    /// A migration step, until its transaction ends.
    Migrations = 7_170_151,
    #[expect(dead_code, reason = "its lock is taken by migration/src/months/make.sql")]
    MakeMonths = 7_170_154,
    /// An archive of months, or an erasure of a tenant from archives.
    Parts = 7_170_159,
    /// A dump or a drill.
    Dumps = 7_170_160,
    /// An import of a tenant.
    Imports = 7_170_161,
    /// A process that builds indexes before their migrations.
    Indexes = 7_170_162,
}

impl AdvisoryKey {
    /// Returns the number of the lock in Postgres.
    pub(super) const fn number(self) -> i64 {
        self as i64
    }
}

/// An advisory lock of Postgres. An open transaction without a snapshot holds it, so that vacuum and `DETACH CONCURRENTLY` do not wait for it.
#[derive(Debug)]
#[must_use = "without it another run may begin"]
pub(super) struct SessionLock(DatabaseTransaction);

impl SessionLock {
    /// Whether it is held still: it goes with its connection.
    pub(super) async fn is_held(&self) -> bool {
        self.0.execute_unprepared("SELECT 1").await.is_ok()
    }

    /// Releases the lock. Dropping it does so too, without telling whether it was held until then.
    ///
    /// # Errors
    /// The connection that held it was lost, and another run may have begun meanwhile.
    pub(super) async fn release(self) -> Result<(), DbErr> {
        self.0.rollback().await
    }
}

impl Database {
    /// Takes an advisory lock as the owner of the tables; None while another session has it. The
    /// session runs no statement while it is held, so its transaction may be idle for as long as it
    /// takes.
    ///
    /// # Errors
    /// The database is no Postgres, or does not answer.
    #[expect(clippy::disallowed_methods, reason = "storage is where transactions begin")]
    pub(super) async fn lock_session(&self, key: AdvisoryKey) -> Result<Option<SessionLock>, Fault> {
        let options =
            TransactionOptions { isolation_level: Some(IsolationLevel::ReadCommitted), ..TransactionOptions::default() };
        let open = self.owner.begin_with_options(options).await?;
        let sql = format!(
            "SELECT pg_try_advisory_xact_lock({}), set_config('idle_in_transaction_session_timeout', '0', true)",
            key.number()
        );
        let row = open.query_one_raw(Statement::from_string(self.backend.into(), sql)).await?;
        if row.as_ref().map_or(Ok(false), Row::scalar::<bool>)? {
            return Ok(Some(SessionLock(open)));
        }
        open.rollback().await?;
        Ok(None)
    }
}

/// Files beside an embedded database that are locked, so that one run of a kind is active at a time
/// on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockFile {
    /// Backups and drills: FILE.backup-lock.
    Backups,
    /// Imports of tenants: FILE.import-lock.
    Imports,
    /// Shipping of the write-ahead log: FILE.shipping-lock.
    Shipping,
    /// Demos that fill it: FILE.filling.
    Demo,
}

impl LockFile {
    /// Returns the path of the lock file.
    pub fn path(self, database: &Path) -> PathBuf {
        let ending = match self {
            Self::Backups => "backup-lock",
            Self::Imports => "import-lock",
            Self::Shipping => "shipping-lock",
            Self::Demo => "filling",
        };
        PathBuf::from(format!("{}.{ending}", database.display()))
    }

    /// Locks the file until the returned value is dropped; None while another process has the lock.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn lock(self, database: &Path) -> Result<Option<File>, Fault> {
        let path = self.path(database);
        let failed = |error: io::Error| Fault::Broken(format!("the lock {} cannot be taken: {error}", path.display()));
        // Never removed: of two processes, one could hold the lock of a file that has no name any more.
        let file = File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}
