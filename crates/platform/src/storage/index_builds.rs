//! Builds indexes of large tables of Postgres before their migration, while the tables take writes.
//!
//! CREATE INDEX CONCURRENTLY waits for each transaction that began before it, such as an export or
//! a proof of an hour, and blocks only other schema changes of its table. So it has a connection of
//! its own without limits, and runs in no transaction. If it is interrupted it leaves an unfinished
//! index, which the next run drops and builds again.
//! `docs/decisions/0390-indexes-of-large-tables-are-built-before.md`.

use std::{pin::pin, time::Duration};

use migration::online::{IndexState, OnlineIndex};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use super::{Database, Fault, LockLimits, Row, migrate::is_lock_failure, postgres, session_lock::AdvisoryKey};
use crate::clock;

/// Time between two checks of a session that builds.
const SESSION_CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// Consecutive checks without a sign of the session after which its answer is no longer awaited.
const MAX_MISSED_CHECKS: u32 = 6;
/// Time between two checks whether other processes have finished their builds.
const LOCK_CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Sessions that build an index of a table, including those of a killed process: the server
/// continues until it has an answer to send.
const BUILDING: &str =
    "SELECT 1 FROM pg_stat_progress_create_index WHERE datname = current_database() AND relid = to_regclass($1)";
/// Phase of a session that builds an index; no row if the server no longer has the session.
const PHASE: &str = "SELECT coalesce((SELECT p.phase FROM pg_stat_progress_create_index p WHERE p.pid = a.pid), 'waiting')
  FROM pg_stat_activity a WHERE a.pid = $1";

impl Database {
    /// Builds indexes one after the other. While another process builds, it waits a moment and
    /// builds none: that process continues with the migrations, and a later one may drop an index
    /// built here, so the caller checks again which are due. Waiting inside a statement would hold
    /// a snapshot, for whose end the builder waits.
    ///
    /// # Errors
    /// The database fails, or the connection is lost. Finished indexes stay.
    pub(super) async fn build_indexes(&self, indexes: &[OnlineIndex], limits: LockLimits) -> Result<(), Fault> {
        let Some(lock) = self.lock_session(AdvisoryKey::Indexes).await? else {
            clock::sleep(LOCK_CHECK_INTERVAL).await;
            return Ok(());
        };
        let builder = postgres::unlimited_connection(self);
        for index in indexes {
            self.build_with_retries(&builder, index, limits).await?;
        }
        builder.close().await?;
        // It does not matter whether the lock was held until now: a process that took it meanwhile
        // has waited for the index under construction.
        drop(lock);
        Ok(())
    }

    /// Builds one, and builds it again where the server has ended it for others that waited for it.
    async fn build_with_retries(
        &self,
        builder: &DatabaseConnection,
        index: &OnlineIndex,
        limits: LockLimits,
    ) -> Result<(), Fault> {
        let mut tried = 0;
        loop {
            let outcome = self.build(builder, index).await;
            tried += 1;
            match outcome {
                Err(Fault::Database(err)) if is_lock_failure(&err) && tried < limits.tries => {
                    tracing::warn!(index = index.name, tried, error = %err, "the build of an index was interrupted: it is built again");
                    clock::sleep(limits.backoff_after(tried)).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn build(&self, builder: &DatabaseConnection, index: &OnlineIndex) -> Result<(), Fault> {
        while !self.query_as_login(BUILDING, vec![index.table.into()]).await?.is_empty() {
            clock::sleep(LOCK_CHECK_INTERVAL).await;
        }
        match index.state(&self.owner).await? {
            IndexState::Built | IndexState::LeftToMigration => return Ok(()),
            IndexState::Unfinished => {
                tracing::warn!(index = index.name, "an index is not finished: it is dropped and built again");
                self.run_and_log_blockers(builder, &format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.name)).await?;
            }
            IndexState::Due => {}
        }
        self.run_and_log_blockers(builder, &index.concurrently()).await
    }

    /// Runs a statement for as long as it takes, and logs at intervals which sessions block it.
    async fn run_and_log_blockers(&self, builder: &DatabaseConnection, sql: &str) -> Result<(), Fault> {
        let process = builder.query_one_raw(Statement::from_string(self.backend.into(), "SELECT pg_backend_pid()")).await?;
        let process: i32 = process.as_ref().map(Row::scalar).transpose()?.unwrap_or_default();
        let mut work = pin!(builder.execute_unprepared(sql));
        let mut missed_checks = 0;
        loop {
            tokio::select! {
                biased;
                outcome = &mut work => return outcome.map(drop).map_err(Fault::from),
                () = clock::sleep(SESSION_CHECK_INTERVAL) => {}
            }
            let rows = self.query_as_login(PHASE, vec![process.into()]).await.unwrap_or_default();
            let Some(row) = rows.first() else {
                missed_checks += 1;
                if missed_checks == MAX_MISSED_CHECKS {
                    return Err(Fault::Broken(format!(
                        "the server has no session that runs \"{sql}\", or does not answer: run `entrepot migrate` again, it continues from here"
                    )));
                }
                continue;
            };
            missed_checks = 0;
            let phase: String = Row::scalar(row)?;
            let blockers = self.blockers_of(process).await.unwrap_or_default().join("; ");
            tracing::info!(statement = sql, phase, blockers, "an index is built; writes are not blocked");
        }
    }
}
