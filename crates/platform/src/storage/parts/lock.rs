//! Lock that allows one archive of months, or one erasure of a tenant from archives, at a time.

use crate::storage::{
    Backend, Database, Fault,
    session_lock::{AdvisoryKey, SessionLock},
};

/// Lock against other archives of months and erasures of tenants from them, until it is released.
/// Empty on SQLite, which has no partitions.
#[derive(Debug)]
#[must_use = "without it another archive or erasure may begin"]
pub struct PartsLock(Option<SessionLock>);

impl PartsLock {
    /// Releases the lock.
    ///
    /// # Errors
    /// The connection that held it was lost, and another run may have begun meanwhile.
    pub async fn release(self) -> Result<(), Fault> {
        match self.0 {
            Some(lock) => lock.release().await.map_err(Fault::from),
            None => Ok(()),
        }
    }
}

impl Database {
    /// Takes the lock of archives and erasures. Its session has no snapshot, so it delays no
    /// detach.
    ///
    /// # Errors
    /// Another run holds it.
    pub async fn lock_parts(&self) -> Result<PartsLock, Fault> {
        if self.backend == Backend::Sqlite {
            return Ok(PartsLock(None));
        }
        let running = "another archive or erasure of months is running: let it finish, then run this one again";
        let lock = self.lock_session(AdvisoryKey::Parts).await?.ok_or_else(|| Fault::Broken(running.to_owned()))?;
        Ok(PartsLock(Some(lock)))
    }
}
