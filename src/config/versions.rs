//! Settings of `entrepot migrate` and `entrepot version`.

use std::time::Duration;

use clap::Args;
use platform::storage::LockLimits;

use super::database::DatabaseArgs;

#[derive(Debug, Clone, Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Change nothing: list the migrations that the database lacks, the tables that each touches, and how many rows these have (estimated on Postgres, counted on SQLite).
    /// BREAKING marks those that older binaries cannot work with. On Postgres a line for each statement follows that locks a table which is there: the lock, what it blocks, whether rows are
    /// read or the table is written anew.
    #[arg(long)]
    pub plan: bool,
    /// Seconds that each statement of a migration waits for a lock on Postgres. Then the migration is undone and tried again, 20 times in all, with pauses that grow up to ten seconds.
    /// Not the time of a try in all: a migration of several statements keeps the locks of the earlier ones while a later one waits. Indexes of large tables are built before
    /// their migration, while others write, and wait without this limit.
    #[arg(long, env = "ENTREPOT_LOCK_TIMEOUT_SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub lock_timeout_seconds: u64,
}

impl MigrateArgs {
    pub fn lock_limits(&self) -> LockLimits {
        LockLimits { wait: Duration::from_secs(self.lock_timeout_seconds), ..LockLimits::default() }
    }
}

#[derive(Debug, Clone, Args)]
pub struct VersionArgs {
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Compare with the database. Ends with 1 when it has migrations that this binary lacks, or lacks some of this binary's.
    #[arg(long)]
    pub check: bool,
}
