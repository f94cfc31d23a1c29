//! Whether the database takes writes, and the handling of connections to one that no longer does.

use std::time::Duration;

use entity::prelude::TenantId;
use sea_orm::{DbBackend, DbErr, Statement};
use tokio::time::Instant;

use super::{Backend, Database, Fault, Reads, Row, Unwritable};
use crate::clock::Clock;

/// Minimum time between two times that connections are dropped, while writes keep failing.
const MIN_DROP_INTERVAL: Duration = Duration::from_secs(1);
/// Minimum time between two times that missing partitions are created: one that is there and detached, or another login's table, is not mended by a repetition.
const MIN_PARTS_INTERVAL: Duration = Duration::from_secs(30);

impl Database {
    /// Converts the error of a statement that failed while writing, and notes what it reveals: a
    /// read-only server, a full disk or a missing partition.
    pub(super) fn convert_write_error(&self, err: DbErr) -> Fault {
        let fault = Fault::from(err);
        match fault.unwritable() {
            Some(Unwritable::ReadOnly) => self.discard_connections(),
            Some(Unwritable::NoRoom) => self.write_health.lock().no_room = Some(Instant::now()),
            Some(Unwritable::NoPartition) => self.create_parts_soon(),
            None => {}
        }
        fault
    }

    /// Creates missing partitions beside the write that found one missing, whose caller repeats it.
    fn create_parts_soon(&self) {
        let mut last = self.write_health.lock();
        if last.no_partition.is_some_and(|at| at.elapsed() < MIN_PARTS_INTERVAL) {
            return;
        }
        last.no_partition = Some(Instant::now());
        let db = self.clone();
        tokio::spawn(async move {
            match db.create_missing_parts(Clock::system().now()).await {
                Ok(0) => tracing::error!("a row has no partition, and none could be created for it: `entrepot doctor` says why"),
                Ok(parts) => tracing::warn!(parts, "partitions were missing, and are there now"),
                Err(fault) => tracing::error!(error = %fault, "partitions are missing, and could not be created"),
            }
        });
    }

    /// Closes connections instead of using them again: the address may lead to another server by
    /// now.
    fn discard_connections(&self) {
        let Some(connection_pools) = &self.connection_pools else { return };
        connection_pools.forget();
        let mut last = self.write_health.lock();
        if last.left.is_none_or(|left| left.elapsed() >= MIN_DROP_INTERVAL) {
            last.left = Some(Instant::now());
        }
    }

    /// Whether a write has lately found the disk without room.
    pub fn was_disk_full(&self, within: Duration) -> bool {
        self.write_health.lock().no_room.is_some_and(|at| at.elapsed() < within)
    }

    /// Whether a migrated database accepts writes. For an SQLite file that is fixed when it is
    /// opened; the check waits for a running write.
    pub async fn accepts_writes(&self) -> Result<bool, Fault> {
        if self.backend == Backend::Postgres {
            if self.is_open_for_writes().await? {
                // Whether commits wait for a standby may change under open connections.
                if let Err(fault) = self.check_timeline().await {
                    tracing::debug!(error = %fault, "the timeline of the database could not be checked");
                }
                return Ok(true);
            }
            // The server that answered may be a former primary.
            self.discard_connections();
            return self.is_open_for_writes().await;
        }
        // The statement changes nothing, and is refused if writes are; BEGIN IMMEDIATE is not.
        let probe_sql = "UPDATE seaql_migrations SET version = version WHERE 1 = 0 RETURNING version";
        let Err(fault) = self.writer.query(Statement::from_string(DbBackend::Sqlite, probe_sql)).await else { return Ok(true) };
        match fault.unwritable() {
            Some(Unwritable::ReadOnly) => Ok(false),
            // Another connection is writing.
            _ if fault.is_transient() => Ok(true),
            _ => Err(fault),
        }
    }

    /// Begins a write transaction and ends it: if this fails, writes would fail too.
    pub async fn check_writable(&self) -> Result<(), Fault> {
        let work = self.tenant(TenantId::NIL).begin().await?;
        work.rows("SELECT 1 WHERE $1 IS NOT NULL", vec![]).await?;
        work.rollback().await
    }

    async fn is_open_for_writes(&self) -> Result<bool, Fault> {
        let sql = "SELECT current_setting('transaction_read_only')";
        let rows = self.query_all_tenants(Statement::from_string(DbBackend::Postgres, sql)).await?;
        let setting: Option<String> = rows.first().map(Row::scalar).transpose()?;
        Ok(setting.as_deref() == Some("off"))
    }
}
