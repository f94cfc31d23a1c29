//! Whether the database takes writes, and the handling of connections to one that no longer does.

use std::time::Duration;

use entity::prelude::TenantId;
use sea_orm::{DbBackend, DbErr, Statement};
use tokio::time::Instant;

use super::{Backend, Database, Fault, Reads, Row, Unwritable};

/// Minimum time between two times that connections are dropped, while writes keep failing.
const MIN_DROP_INTERVAL: Duration = Duration::from_secs(1);

impl Database {
    /// Converts the error of a statement that failed while writing, and notes what it reveals: a
    /// read-only server or a full disk.
    pub(super) fn convert_write_error(&self, err: DbErr) -> Fault {
        let fault = Fault::from(err);
        match fault.unwritable() {
            Some(Unwritable::ReadOnly) => self.discard_connections(),
            Some(Unwritable::NoRoom) => self.write_health.lock().no_room = Some(Instant::now()),
            None => {}
        }
        fault
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
