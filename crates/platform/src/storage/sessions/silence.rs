//! Silence of a connection to Postgres after a statement.

use std::time::Duration;

use tokio::time::Instant;

use crate::storage::write_health::WriteHealth;

/// Length of a silence after which all connections are suspect that have received nothing since it
/// began.
const SUSPECT_SILENCE: Duration = Duration::from_millis(1_500);

/// Time in which a statement has no answer. If it was long and the caller has stopped waiting,
/// connections are suspect.
pub(super) struct Silence<'a> {
    write_health: &'a WriteHealth,
    started_at: Instant,
    is_answered: bool,
}

impl<'a> Silence<'a> {
    pub(super) fn begin(write_health: &'a WriteHealth) -> Self {
        Self { write_health, started_at: Instant::now(), is_answered: false }
    }
    pub(super) const fn started_at(&self) -> Instant {
        self.started_at
    }
    pub(super) fn ends(mut self) {
        self.is_answered = true;
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        if !self.is_answered && self.started_at.elapsed() > SUSPECT_SILENCE {
            self.write_health.record_loss(self.started_at);
        }
    }
}
