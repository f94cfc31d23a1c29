//! One import of a tenant at a time: files that a killed one has left are told from those of one that runs.

use std::fs::{File, TryLockError};

use sea_orm::{ConnectionTrait, DatabaseTransaction, IsolationLevel, Statement, TransactionOptions, TransactionTrait};

use super::{Backend, Database, Fault, Row};

/// It is held for as long as an import takes, with nothing asked meanwhile. Its key is the database's own: other databases of the cluster have theirs.
const LOCK: &str = "SELECT pg_try_advisory_xact_lock(7170161), set_config('idle_in_transaction_session_timeout', '0', true)";
/// Where an embedded database is.
const FILE: &str = "SELECT file FROM pragma_database_list WHERE name = 'main'";

/// Keeps other imports out, and what removes the files of killed ones. It goes with the process that holds it.
#[derive(Debug)]
#[must_use = "without it another import may begin"]
pub struct ImportLock(Holder);

#[derive(Debug)]
enum Holder {
    Session(DatabaseTransaction),
    /// `FILE.import-lock` beside an embedded database.
    File(File),
}

impl ImportLock {
    /// Whether it is held still: on Postgres it goes with its connection.
    pub async fn is_held(&self) -> bool {
        match &self.0 {
            Holder::Session(open) => open.execute_unprepared("SELECT 1").await.is_ok(),
            Holder::File(_) => true,
        }
    }

    /// Lets others go on.
    pub async fn release(self) {
        let released = match self.0 {
            Holder::Session(open) => open.rollback().await.map_err(|error| error.to_string()),
            Holder::File(file) => file.unlock().map_err(|error| error.to_string()),
        };
        // Then it was lost before, with the connection that held it.
        if let Err(error) = released {
            tracing::warn!(error, "the lock of imports was not held until its end");
        }
    }
}

impl Database {
    /// Takes the lock of imports; None while another process has it.
    ///
    /// # Errors
    /// The database does not answer, or the lock beside it cannot be written.
    pub async fn lock_imports(&self) -> Result<Option<ImportLock>, Fault> {
        match self.backend {
            Backend::Postgres => self.lock_imports_of_server().await,
            Backend::Sqlite => self.lock_imports_of_file().await,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "storage is where transactions begin")]
    async fn lock_imports_of_server(&self) -> Result<Option<ImportLock>, Fault> {
        let options =
            TransactionOptions { isolation_level: Some(IsolationLevel::ReadCommitted), ..TransactionOptions::default() };
        let open = self.owner.begin_with_options(options).await?;
        let row = open.query_one_raw(Statement::from_string(self.backend.into(), LOCK)).await?;
        if row.as_ref().map_or(Ok(false), Row::scalar::<bool>)? {
            return Ok(Some(ImportLock(Holder::Session(open))));
        }
        open.rollback().await?;
        Ok(None)
    }

    async fn lock_imports_of_file(&self) -> Result<Option<ImportLock>, Fault> {
        let row = self.owner.query_one_raw(Statement::from_string(self.backend.into(), FILE)).await?;
        let file = row.as_ref().map(Row::scalar::<String>).transpose()?.unwrap_or_default();
        let failed = |error: std::io::Error| Fault::Broken(format!("the lock {file}.import-lock cannot be taken: {error}"));
        let path = format!("{file}.import-lock");
        let lock = File::options().create(true).truncate(false).read(true).write(true).open(path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(ImportLock(Holder::File(lock)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}
