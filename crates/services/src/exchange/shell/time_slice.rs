//! Duration of an exchange's turn while a job of another tenant waits for a worker.

use std::time::Duration;

use platform::jobs;
use tokio::time::Instant;

use super::halt::Halt;

/// Minimum duration of a turn, in addition to the time that it needs to return to its position.
const MIN_SLICE_TIME: Duration = Duration::from_secs(5);

/// A turn under way.
pub(super) struct TimeSlice {
    started_at: Instant,
    /// Duration from the beginning to the first chunk: the overhead of another turn.
    lead: Option<Duration>,
}

impl TimeSlice {
    pub(super) fn begin() -> Self {
        Self { started_at: Instant::now(), lead: None }
    }

    /// Called after a chunk: ends the turn if others wait for the worker and it was long enough.
    pub(super) fn yield_if_due(&mut self) -> Result<(), Halt> {
        let duration = self.started_at.elapsed();
        let lead = *self.lead.get_or_insert(duration);
        if jobs::should_yield() && duration >= lead + lead.max(MIN_SLICE_TIME) { Err(Halt::Yielded) } else { Ok(()) }
    }
}
