//! Report on the timeline of a Postgres, and the number of promotions that were found.

use sea_orm::{DbErr, RuntimeErr};

use super::{Database, Fault, timeline::TimelineState};

/// Report on the timeline of a Postgres, for its operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimelineReport {
    /// The timeline is watched; commits wait for a standby or do not.
    Watched { timeline: i64, is_synchronous: bool },
    /// The server does not tell its timeline, for this reason.
    Refused(String),
}

impl Database {
    /// Returns the number of times that this process has found the database promoted.
    pub(crate) fn timeline_generation(&self) -> u64 {
        self.write_health.timeline().generation()
    }

    /// Checks the timeline again, on a connection that may have been open for long; None on SQLite, and before the database
    /// is migrated.
    ///
    /// # Errors
    /// The database cannot be queried, or it was promoted and the new epochs could not be written.
    pub async fn check_timeline(&self) -> Result<Option<TimelineReport>, Fault> {
        let Some(connection_pools) = &self.connection_pools else { return Ok(None) };
        connection_pools
            .across
            .check_timeline()
            .await
            .map_err(|err| Fault::from(DbErr::Conn(RuntimeErr::SqlxError(err.into()))))?;
        let timeline = self.write_health.timeline();
        if let Some(reason) = timeline.0.refusal.get() {
            return Ok(Some(TimelineReport::Refused(reason.clone())));
        }
        let seen = *timeline.lock_seen();
        Ok(seen.map(|TimelineState { timeline, is_synchronous }| TimelineReport::Watched { timeline, is_synchronous }))
    }
}
