//! One archive of months, or one erasure of a tenant from them, at a time.

use sea_orm::{ConnectionTrait, DatabaseTransaction, IsolationLevel, Statement, TransactionOptions, TransactionTrait};

use crate::storage::{Backend, Database, Fault, Row};

/// 7170151 is the lock of migrations. It is held for as long as an archive takes, with nothing asked meanwhile.
const LOCK: &str = "SELECT pg_try_advisory_xact_lock(7170159), set_config('idle_in_transaction_session_timeout', '0', true)";

/// Keeps others from archiving months, and from erasing tenants from them, until it is released. None on SQLite, which has no months.
#[derive(Debug)]
#[must_use = "without it another archive or erasure may begin"]
pub struct PartsLock(Option<DatabaseTransaction>);

impl PartsLock {
    /// Lets others go on.
    ///
    /// # Errors
    /// The connection that held it was lost, and another run may have begun meanwhile.
    pub async fn release(self) -> Result<(), Fault> {
        match self.0 {
            Some(open) => open.rollback().await.map_err(Fault::from),
            None => Ok(()),
        }
    }
}

impl Database {
    /// Takes the lock of archives and erasures. What holds it has no snapshot, so that no part waits for it to be detached.
    ///
    /// # Errors
    /// Another run holds it.
    #[expect(clippy::disallowed_methods, reason = "storage is where transactions begin")]
    pub async fn lock_parts(&self) -> Result<PartsLock, Fault> {
        if self.backend == Backend::Sqlite {
            return Ok(PartsLock(None));
        }
        let options =
            TransactionOptions { isolation_level: Some(IsolationLevel::ReadCommitted), ..TransactionOptions::default() };
        let open = self.owner.begin_with_options(options).await?;
        let row = open.query_one_raw(Statement::from_string(self.backend.into(), LOCK)).await?;
        if row.map_or(Ok(false), |row| Row::scalar::<bool>(&row))? {
            return Ok(PartsLock(Some(open)));
        }
        open.rollback().await?;
        Err(Fault::Broken("another archive or erasure of months is running: let it finish, then run this one again".to_owned()))
    }
}
