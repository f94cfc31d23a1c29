//! Whether the database takes writes, and what follows for the connections to one that no longer does.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use entity::prelude::TenantId;
use sea_orm::{DbBackend, DbErr, Statement};
use tokio::time::Instant;

use super::{Backend, Database, Fault, Reads, Row, Unwritable, outage::Outage, timeline::Timeline};

/// While writes go on failing, connections are not left more often than this.
const BETWEEN: Duration = Duration::from_secs(1);

/// What failed writes have told. Clones share it.
#[derive(Clone, Default)]
pub(super) struct WriteHealth(Arc<Mutex<Last>>, Outage, Timeline);

#[derive(Clone, Copy, Default)]
struct Last {
    /// When the server behind all connections of before was found to be read-only.
    left: Option<Instant>,
    /// When the last question began that a connection broke over, or that had no answer.
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

    /// No connection of before may be used any more.
    pub(super) fn leave(&self) {
        self.lock().left = Some(Instant::now());
    }

    /// A connection broke, or gave no answer, over a question that began then.
    pub(super) fn lost(&self, began: Instant) {
        let mut last = self.lock();
        last.lost = last.lost.max(Some(began));
    }

    /// Whether a connection may still be used that was last heard of then: a question of later has not shown that the server is gone.
    pub(super) fn is_heard_of(&self, since: Instant) -> bool {
        self.lock().lost.is_none_or(|lost| since >= lost)
    }
}

impl Database {
    /// What comes of a statement that failed while writing.
    pub(super) fn failed(&self, err: DbErr) -> Fault {
        let fault = Fault::from(err);
        match fault.unwritable() {
            Some(Unwritable::ReadOnly) => self.leave(),
            Some(Unwritable::NoRoom) => self.write_health.lock().no_room = Some(Instant::now()),
            None => {}
        }
        fault
    }

    /// Has connections closed instead of used again: the address may lead to another server by now.
    fn leave(&self) {
        let Some(doors) = &self.doors else { return };
        doors.forget();
        let mut last = self.write_health.lock();
        if last.left.is_none_or(|left| left.elapsed() >= BETWEEN) {
            last.left = Some(Instant::now());
        }
    }

    /// Whether a write has lately found the disk without room.
    pub fn lacked_room(&self, within: Duration) -> bool {
        self.write_health.lock().no_room.is_some_and(|at| at.elapsed() < within)
    }

    /// Whether a migrated database may be written to. An SQLite file may or may not from the moment that it is opened; asking waits for whoever
    /// writes to it.
    pub async fn takes_writes(&self) -> Result<bool, Fault> {
        if self.backend == Backend::Postgres {
            if self.is_open_for_writes().await? {
                // Whether commits wait for a standby may change under open connections.
                if let Err(fault) = self.look_at_timeline().await {
                    tracing::debug!(error = %fault, "the timeline of the database was not looked at");
                }
                return Ok(true);
            }
            // The server asked may be one that another has taken over from.
            self.leave();
            return self.is_open_for_writes().await;
        }
        // It changes nothing, and is refused where nothing may be changed; BEGIN IMMEDIATE is not.
        let nothing = "UPDATE seaql_migrations SET version = version WHERE 1 = 0 RETURNING version";
        let Err(fault) = self.writer.query(Statement::from_string(DbBackend::Sqlite, nothing)).await else { return Ok(true) };
        match fault.unwritable() {
            Some(Unwritable::ReadOnly) => Ok(false),
            // Somebody else is writing.
            _ if fault.is_transient() => Ok(true),
            _ => Err(fault),
        }
    }

    /// Begins a transaction as writes do, and ends it: they would fail where this does.
    pub async fn lets_begin(&self) -> Result<(), Fault> {
        let work = self.tenant(TenantId::NIL).begin().await?;
        work.rows("SELECT 1 WHERE $1 IS NOT NULL", vec![]).await?;
        work.rollback().await
    }

    async fn is_open_for_writes(&self) -> Result<bool, Fault> {
        let sql = "SELECT current_setting('transaction_read_only')";
        let rows = self.read_across(Statement::from_string(DbBackend::Postgres, sql)).await?;
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
        assert!(write_health.is_heard_of(ago(60)), "nothing was lost");
        write_health.lost(ago(5));
        write_health.lost(ago(9));
        assert!(!write_health.is_heard_of(ago(7)) && write_health.is_heard_of(ago(3)));
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
