//! Whether the database takes writes, and the handling of connections to one that no longer does.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use entity::prelude::TenantId;
use sea_orm::{DbBackend, DbErr, Statement};
use tokio::time::Instant;

use super::{Backend, Database, Fault, Reads, Row, Unwritable, outage::Outage, timeline::Timeline};

/// Minimum time between two times that connections are dropped, while writes keep failing.
const MIN_DROP_INTERVAL: Duration = Duration::from_secs(1);

/// State of the database as failed writes reveal it. Clones share it.
#[derive(Clone, Default)]
pub(super) struct WriteHealth(Arc<Mutex<Last>>, Outage, Timeline);

#[derive(Clone, Copy, Default)]
struct Last {
    /// Time when the server of all earlier connections was found to be read-only.
    left: Option<Instant>,
    /// Start of the last request to the server over which a connection broke, or that got no
    /// response.
    lost: Option<Instant>,
    no_room: Option<Instant>,
}

impl WriteHealth {
    fn lock(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the server can be reached.
    pub(super) fn outage(&self) -> &Outage {
        &self.1
    }

    /// The timeline that the server writes.
    pub(super) fn timeline(&self) -> &Timeline {
        &self.2
    }

    /// Whether a connection so old may still be used.
    pub(super) fn holds(&self, age: Duration) -> bool {
        self.lock().left.is_none_or(|left| left.elapsed() > age)
    }

    /// Prevents the use of all connections opened before.
    pub(super) fn discard_connections(&self) {
        self.lock().left = Some(Instant::now());
    }

    /// Records that a connection broke, or gave no answer, during a statement that began then.
    pub(super) fn lost(&self, began: Instant) {
        let mut last = self.lock();
        last.lost = last.lost.max(Some(began));
    }

    /// Whether a connection that last received an answer at `since` may still be used: no later
    /// statement has shown that the server is gone.
    pub(super) fn is_usable_since(&self, since: Instant) -> bool {
        self.lock().lost.is_none_or(|lost| since >= lost)
    }
}

impl Database {
    /// Converts the error of a statement that failed while writing, and notes what it reveals: a
    /// read-only server or a full disk.
    pub(super) fn failed(&self, err: DbErr) -> Fault {
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
        let Some(doors) = &self.doors else { return };
        doors.forget();
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
    pub async fn takes_writes(&self) -> Result<bool, Fault> {
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
        let nothing = "UPDATE seaql_migrations SET version = version WHERE 1 = 0 RETURNING version";
        let Err(fault) = self.writer.query(Statement::from_string(DbBackend::Sqlite, nothing)).await else { return Ok(true) };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_of_before_a_loss_is_left_and_what_was_heard_of_since_is_kept() {
        let (write_health, now) = (WriteHealth::default(), Instant::now());
        let ago = |seconds| now.checked_sub(Duration::from_secs(seconds)).unwrap_or(now);
        assert!(write_health.is_usable_since(ago(60)), "nothing was lost");
        write_health.lost(ago(5));
        write_health.lost(ago(9));
        assert!(!write_health.is_usable_since(ago(7)) && write_health.is_usable_since(ago(3)));
    }

    #[test]
    fn what_is_older_than_the_finding_is_left_and_what_is_newer_is_kept() {
        let write_health = WriteHealth::default();
        assert!(write_health.holds(Duration::from_hours(1)), "nothing was found");
        write_health.lock().left = Instant::now().checked_sub(Duration::from_secs(5));
        assert!(!write_health.holds(Duration::from_mins(1)));
        assert!(write_health.holds(Duration::from_secs(1)));
    }
}
