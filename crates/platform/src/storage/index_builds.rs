//! Builds indexes of large tables of Postgres before their migration, while everybody writes.
//!
//! CREATE INDEX CONCURRENTLY waits for each transaction that began before it, an export or a proof for an hour, and keeps nobody waiting meanwhile but other
//! changes of its table. So it has a connection of its own without limits, and is in no transaction. One that is ended leaves an unfinished index, which the
//! next run drops and builds anew. `docs/decisions/0390-indexes-of-large-tables-are-built-before.md`.

use std::{pin::pin, time::Duration};

use migration::online::{IndexState, OnlineIndex};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use super::{Database, Fault, LockLimits, Row, migrate::is_of_locks, postgres, session_lock::AdvisoryKey};
use crate::clock;

/// Between two looks at what a session does that builds.
const LOOK: Duration = Duration::from_secs(10);
/// So many looks in a row that do not find it, and its answer is not waited for any longer.
const MISSES: u32 = 6;
/// Between two looks whether others have ended what they build.
const TURN: Duration = Duration::from_millis(500);

/// Sessions that build an index of a table: also one whose process was killed, since the server goes on until it has something to say.
const BUILDING: &str =
    "SELECT 1 FROM pg_stat_progress_create_index WHERE datname = current_database() AND relid = to_regclass($1)";
/// What a session does that builds; no row where the server has it no longer.
const PHASE: &str = "SELECT coalesce((SELECT p.phase FROM pg_stat_progress_create_index p WHERE p.pid = a.pid), 'waiting')
  FROM pg_stat_activity a WHERE a.pid = $1";

impl Database {
    /// Builds indexes one after the other. While another process builds, it waits a moment and builds none: that one goes on with the migrations, and a later
    /// one may drop what it has built, so the caller looks again at what is due. To wait in a statement would be to have a snapshot, whose end the builder
    /// waits for.
    ///
    /// # Errors
    /// The database fails, or the connection is lost. What is finished by then stays.
    pub(super) async fn build_indexes(&self, indexes: &[OnlineIndex], limits: LockLimits) -> Result<(), Fault> {
        let Some(lock) = self.lock_session(AdvisoryKey::Indexes).await? else {
            clock::sleep(TURN).await;
            return Ok(());
        };
        let builder = postgres::unlimited(self);
        for index in indexes {
            self.build_patiently(&builder, index, limits).await?;
        }
        builder.close().await?;
        // Whether it was held until now does not matter: whoever came meanwhile has waited for what was being built.
        drop(lock);
        Ok(())
    }

    /// Builds one, and builds it again where the server has ended it for others that waited for it.
    async fn build_patiently(&self, builder: &DatabaseConnection, index: &OnlineIndex, limits: LockLimits) -> Result<(), Fault> {
        let mut tried = 0;
        loop {
            let outcome = self.build(builder, index).await;
            tried += 1;
            match outcome {
                Err(Fault::Database(err)) if is_of_locks(&err) && tried < limits.tries => {
                    tracing::warn!(index = index.name, tried, error = %err, "an index was ended while it was built: it is built again");
                    clock::sleep(limits.pause_after(tried)).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn build(&self, builder: &DatabaseConnection, index: &OnlineIndex) -> Result<(), Fault> {
        while !self.inspected(BUILDING, vec![index.table.into()]).await?.is_empty() {
            clock::sleep(TURN).await;
        }
        match index.state(&self.owner).await? {
            IndexState::Built | IndexState::LeftToMigration => return Ok(()),
            IndexState::Unfinished => {
                tracing::warn!(index = index.name, "an index is not finished: it is dropped and built again");
                self.watched(builder, &format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.name)).await?;
            }
            IndexState::Due => {}
        }
        self.watched(builder, &index.concurrently()).await
    }

    /// Runs a statement for as long as it takes, and says now and then who keeps it waiting.
    async fn watched(&self, builder: &DatabaseConnection, sql: &str) -> Result<(), Fault> {
        let process = builder.query_one_raw(Statement::from_string(self.backend.into(), "SELECT pg_backend_pid()")).await?;
        let process: i32 = process.as_ref().map(Row::scalar).transpose()?.unwrap_or_default();
        let mut work = pin!(builder.execute_unprepared(sql));
        let mut misses = 0;
        loop {
            tokio::select! {
                biased;
                outcome = &mut work => return outcome.map(drop).map_err(Fault::from),
                () = clock::sleep(LOOK) => {}
            }
            let rows = self.inspected(PHASE, vec![process.into()]).await.unwrap_or_default();
            let Some(row) = rows.first() else {
                misses += 1;
                if misses == MISSES {
                    return Err(Fault::Broken(format!(
                        "the server has no session any more that runs \"{sql}\", or does not answer: run `entrepot migrate` again, it goes on from here"
                    )));
                }
                continue;
            };
            misses = 0;
            let phase: String = Row::scalar(row)?;
            let blockers = self.blockers_of(process).await.unwrap_or_default().join("; ");
            tracing::info!(statement = sql, phase, blockers, "an index is built while everybody writes");
        }
    }
}
