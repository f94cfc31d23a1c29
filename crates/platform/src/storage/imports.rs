//! Lock that allows one import of a tenant at a time: files left by a killed import are
//! distinguished from those of a running one.

use std::{fs::File, path::Path};

use sea_orm::{ConnectionTrait, Statement};

use super::{
    Backend, Database, Fault, Row,
    session_lock::{AdvisoryKey, LockFile, SessionLock},
};

/// Path of an embedded database.
const FILE: &str = "SELECT file FROM pragma_database_list WHERE name = 'main'";

/// Lock against other imports, and against the removal of killed imports' files. It ends with the
/// process that holds it.
#[derive(Debug)]
#[must_use = "without it another import may begin"]
pub struct ImportLock(Holder);

#[derive(Debug)]
enum Holder {
    Session(SessionLock),
    File(File),
}

impl ImportLock {
    /// Whether it is held still: on Postgres it goes with its connection.
    pub async fn is_held(&self) -> bool {
        match &self.0 {
            Holder::Session(lock) => lock.is_held().await,
            Holder::File(_) => true,
        }
    }

    /// Releases the lock.
    pub async fn release(self) {
        let released = match self.0 {
            Holder::Session(lock) => lock.release().await.map_err(|error| error.to_string()),
            Holder::File(file) => file.unlock().map_err(|error| error.to_string()),
        };
        // The lock was lost before, with its connection.
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
        let holder = match self.backend {
            Backend::Postgres => self.lock_session(AdvisoryKey::Imports).await?.map(Holder::Session),
            Backend::Sqlite => {
                let row = self.owner.query_one_raw(Statement::from_string(self.backend.into(), FILE)).await?;
                let file = row.as_ref().map(Row::scalar::<String>).transpose()?.unwrap_or_default();
                LockFile::Imports.lock(Path::new(&file))?.map(Holder::File)
            }
        };
        Ok(holder.map(ImportLock))
    }
}
