//! How long an exchange goes on while another tenant's job has no place.

use std::time::Duration;

use platform::jobs;
use tokio::time::Instant;

use super::Halt;

/// So long each turn is at least, beside what it takes to come back to where it was.
const TURN: Duration = Duration::from_secs(5);

/// A turn under way.
pub(super) struct Turn {
    began: Instant,
    /// From the beginning to the first chunk: what a turn more costs.
    lead: Option<Duration>,
}

impl Turn {
    pub(super) fn begin() -> Self {
        Self { began: Instant::now(), lead: None }
    }

    /// After a chunk: ends the turn when its place is wanted and it was long enough.
    pub(super) fn over(&mut self) -> Result<(), Halt> {
        let lasted = self.began.elapsed();
        let lead = *self.lead.get_or_insert(lasted);
        if jobs::is_asked_to_yield() && lasted >= lead + lead.max(TURN) { Err(Halt::Yielded) } else { Ok(()) }
    }
}
