//! Migrates the tables: SQLite in one transaction, Postgres in one for each migration, so that a
//! run after an interruption continues with the next one.
//!
//! A migration that waits for a table blocks all later statements on that table. So it waits for a
//! few seconds, is rolled back, and is tried again later; when it gives up, the error names the
//! sessions in its way. `docs/decisions/0203-upgrades-without-a-stop.md`.

use std::{pin::pin, time::Duration};

use migration::{
    Migrator, MigratorTrait, months,
    online::{self, OnlineIndex},
    row_security, statistics,
};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

use super::{Backend, Database, Fault, Row, dumps, fault, session_lock::AdvisoryKey, versions};
use crate::clock;

/// Limits of the time that migrations of a Postgres wait for others' locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockLimits {
    /// Timeout of one statement's wait for one lock; zero is no limit. After it the migration is
    /// rolled back, and tried again. A migration of several statements may wait as long for each of
    /// them, and keeps the locks of those before.
    pub wait: Duration,
    /// Maximum number of tries of a migration.
    pub tries: u32,
    /// Pause before the second try. It doubles with each further try, up to ten seconds.
    pub pause: Duration,
}
impl Default for LockLimits {
    fn default() -> Self {
        Self { wait: Duration::from_secs(3), tries: 20, pause: Duration::from_millis(500) }
    }
}
impl LockLimits {
    /// Returns the pause after so many tries.
    pub(super) fn backoff_after(&self, tried: u32) -> Duration {
        self.pause.saturating_mul(1 << tried.saturating_sub(1).min(16)).min(MAX_BACKOFF)
    }
}

const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// Maximum time between two checks for blocking sessions, if migrations wait for locks without a
/// limit or for long.
const MAX_BLOCKER_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Removes the timeouts: a migration may take as long as necessary, and so may the wait for the
/// lock of migrations, which means that another process migrates.
const UNLIMITED: &str =
    "SELECT pg_backend_pid(), set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)";
/// Whether nodes may be at work that rely on row security.
const HAS_POLICIES: &str = "SELECT 1 FROM pg_policies WHERE schemaname = current_schema() AND policyname = 'of_tenant' LIMIT 1";
/// Sessions that hold a lock for which a session waits, or that wait for it before that session.
const BLOCKERS: &str = "SELECT format('process %s (%s, %s, in its transaction for %s s): %s', a.pid,
    coalesce(nullif(a.application_name, ''), a.usename::text, 'no name'), coalesce(a.state, 'its state is not shown to this login'),
    coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::bigint,
    left(regexp_replace(coalesce(a.query, ''), '\\s+', ' ', 'g'), 200))
  FROM pg_stat_activity a WHERE a.pid = ANY (pg_blocking_pids($1)) ORDER BY a.xact_start, a.pid";

/// Result of a transaction.
enum Step {
    /// The migration of this name is done.
    Applied(String),
    /// No migration was done: these indexes have to be built before the next one, in no
    /// transaction.
    Builds(Vec<OnlineIndex>),
    /// All migrations and the final steps are done.
    Complete,
}

/// The tries of one step.
#[derive(Default)]
struct Attempt {
    /// Name of the migration, once known; None for the final steps.
    migration: Option<String>,
    /// Sessions that were last seen to block it.
    blockers: Vec<String>,
}

impl Attempt {
    /// Returns the fault after the last try.
    fn refusal(&self, limits: LockLimits) -> Fault {
        let step = match &self.migration {
            Some(name) => format!("the migration {name}"),
            None => "the step after the migrations".to_owned(),
        };
        let blockers = match self.blockers.as_slice() {
            [] => "sessions that had ended before they could be listed".to_owned(),
            blockers => blockers.join("; "),
        };
        Fault::Broken(format!(
            "{step} needs a lock that others hold: it was tried {} time(s), with up to {} s for each lock, and is undone; the migrations before it are done. In its way: \
             {blockers}. Let that end, or end it (SELECT pg_terminate_backend(…) with the process's number), and run `entrepot migrate` again: it \
             goes on from here",
            limits.tries,
            limits.wait.as_secs_f64()
        ))
    }
}

impl Database {
    /// Migrates the tables, and returns the number of migrations. Several processes may do so at
    /// once: Postgres serialises their steps by an advisory lock, SQLite by its write lock. The
    /// state is read only under the lock, except for tables of Postgres that become partitioned by
    /// month. Indexes of large tables are built before their migrations, while the tables take
    /// writes.
    pub async fn migrate(&self) -> Result<usize, Fault> {
        self.migrate_within(LockLimits::default()).await
    }

    /// Does the same with other limits on Postgres.
    ///
    /// # Errors
    /// The database fails, a newer release has migrated it, or other sessions hold its tables for
    /// longer than the limits. Completed migrations stay.
    pub async fn migrate_within(&self, limits: LockLimits) -> Result<usize, Fault> {
        if self.backend == Backend::Sqlite {
            return self.migrate_file().await;
        }
        months::prepare(&self.owner).await?;
        let mut applied = 0;
        loop {
            match self.step_with_retries(limits).await? {
                Step::Applied(migration) => {
                    tracing::debug!(migration, "applied");
                    applied += 1;
                }
                Step::Builds(indexes) => self.build_indexes(&indexes, limits).await?,
                Step::Complete => return Ok(applied),
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "storage is where transactions begin and commit")]
    async fn migrate_file(&self) -> Result<usize, Fault> {
        let mode = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
        let transaction = self.owner.begin_with_options(options).await?;
        let pending = Migrator::get_pending_migrations(&transaction).await.map_err(versions::newer_schema_fault)?.len();
        if pending == Migrator::migrations().len() {
            self.reject_foreign_tables(&transaction).await?;
        }
        Migrator::up(&transaction, None).await?;
        versions::note(&transaction, migration::needed()).await?;
        statistics::settle(&transaction).await?;
        transaction.commit().await?;
        Ok(pending)
    }

    /// Takes the next step, and retries while other sessions hold the tables that it needs.
    async fn step_with_retries(&self, limits: LockLimits) -> Result<Step, Fault> {
        let (mut tried, mut attempt) = (0, Attempt::default());
        loop {
            let outcome = self.step(limits, &mut attempt).await;
            tried += 1;
            match outcome {
                Err(Fault::Database(err)) if is_lock_failure(&err) => {
                    if tried >= limits.tries {
                        return Err(attempt.refusal(limits));
                    }
                    let (migration, blockers) = (attempt.migration.as_deref(), attempt.blockers.join("; "));
                    tracing::warn!(
                        migration,
                        tried,
                        blockers,
                        "other sessions hold locks that a migration needs: it is rolled back and retried"
                    );
                    clock::sleep(limits.backoff_after(tried)).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Runs a transaction with one migration, or with the final steps.
    #[expect(clippy::disallowed_methods, reason = "storage is where transactions begin and commit")]
    async fn step(&self, limits: LockLimits, attempt: &mut Attempt) -> Result<Step, Fault> {
        let transaction = self.owner.begin_with_options(TransactionOptions::default()).await?;
        let row = transaction.query_one_raw(Statement::from_string(self.backend.into(), UNLIMITED)).await?;
        let process: i32 = row.as_ref().map(Row::scalar).transpose()?.unwrap_or_default();
        let Attempt { migration, blockers } = attempt;
        let outcome = {
            let mut work = pin!(self.step_within(&transaction, limits, migration));
            let check_interval = if limits.wait.is_zero() {
                MAX_BLOCKER_CHECK_INTERVAL
            } else {
                (limits.wait / 3).min(MAX_BLOCKER_CHECK_INTERVAL)
            };
            loop {
                tokio::select! {
                    biased;
                    outcome = &mut work => break outcome,
                    () = clock::sleep(check_interval) => {}
                }
                // The blocking sessions are known only during the wait. A failure to read them is
                // no reason to stop.
                let current_blockers = self.blockers_of(process).await.unwrap_or_default();
                if !current_blockers.is_empty() {
                    *blockers = current_blockers;
                }
            }
        };
        match outcome {
            Ok(step) => {
                transaction.commit().await?;
                Ok(step)
            }
            Err(fault) => {
                // A transaction that was lost with its connection is undone by the server.
                drop(transaction.rollback().await);
                Err(fault)
            }
        }
    }

    async fn step_within(
        &self,
        transaction: &DatabaseTransaction,
        limits: LockLimits,
        migration: &mut Option<String>,
    ) -> Result<Step, Fault> {
        let one_migrator = format!("SELECT pg_advisory_xact_lock({})", AdvisoryKey::Migrations.number());
        transaction.execute_unprepared(&one_migrator).await?;
        transaction.execute_unprepared(&format!("SET LOCAL lock_timeout = {}", limits.wait.as_millis())).await?;
        let (pending, next) = {
            let pending = Migrator::get_pending_migrations(transaction).await.map_err(versions::newer_schema_fault)?;
            (pending.len(), pending.first().map(|next| next.name().to_owned()))
        };
        if pending == Migrator::migrations().len() {
            self.reject_foreign_tables(transaction).await?;
        }
        migration.clone_from(&next);
        let Some(name) = next else {
            versions::note(transaction, migration::needed()).await?;
            if self.active_row_security.is_enforced() {
                row_security::build(transaction).await?;
            }
            statistics::settle(transaction).await?;
            return Ok(Step::Complete);
        };
        let due_indexes = online::due(transaction, &name).await?;
        if !due_indexes.is_empty() {
            return Ok(Step::Builds(due_indexes));
        }
        Migrator::up(transaction, Some(1)).await?;
        // The next step may come much later: older nodes must see this migration at once, and its
        // tables must not lack privileges meanwhile.
        if migration::needs(&name).is_some() {
            versions::note(transaction, migration::needed_up_to(&name)).await?;
        }
        if self.active_row_security.is_enforced() && is_secured(transaction).await? {
            row_security::build(transaction).await?;
        }
        Ok(Step::Applied(name))
    }

    /// Returns the sessions that block a session: process, program, state, how long its transaction
    /// has been open, and its last statement.
    pub(super) async fn blockers_of(&self, process: i32) -> Result<Vec<String>, Fault> {
        let rows = self.query_as_login(BLOCKERS, vec![process.into()]).await?;
        rows.iter().map(Row::scalar).collect()
    }

    /// Refuses a database that has tables of another program.
    async fn reject_foreign_tables(&self, transaction: &DatabaseTransaction) -> Result<(), Fault> {
        let sql = if self.backend == Backend::Sqlite { FOREIGN_SQLITE } else { FOREIGN_POSTGRES };
        let row = transaction.query_one_raw(Statement::from_string(self.backend.into(), sql)).await?;
        let Some(row) = row else { return Ok(()) };
        let table: String = Row::scalar(&row)?;
        if table == dumps::RESTORING {
            return Err(Fault::Broken(format!(
                "a restore of this database is running or was interrupted (it has a table {table}): let it finish, or run the same `entrepot backup restore` again, which migrates"
            )));
        }
        Err(Fault::Broken(format!(
            "the database belongs to another application: it has a table {table} and none of Entrepot's migrations; give Entrepot a database of its own"
        )))
    }
}

async fn is_secured(transaction: &DatabaseTransaction) -> Result<bool, Fault> {
    let statement = Statement::from_string(Backend::Postgres.into(), HAS_POLICIES);
    Ok(transaction.query_one_raw(statement).await?.is_some())
}

/// Whether others held a lock for too long, or had one that this one waited for while they waited for it.
pub(super) fn is_lock_failure(err: &DbErr) -> bool {
    matches!(fault::error_code(err).as_deref(), Some("55P03" | "40P01"))
}

/// A table that no migration created. Tables of extensions do not count.
const FOREIGN_SQLITE: &str = "SELECT name FROM sqlite_master
    WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' AND name <> 'seaql_migrations' ORDER BY name LIMIT 1";
const FOREIGN_POSTGRES: &str = "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND c.relname <> 'seaql_migrations'
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relname LIMIT 1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound() {
        let limits = LockLimits::default();
        let pauses: Vec<u128> = (1..=7).map(|tried| limits.backoff_after(tried).as_millis()).collect();
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
        assert_eq!(limits.backoff_after(u32::MAX), MAX_BACKOFF);
    }
}
