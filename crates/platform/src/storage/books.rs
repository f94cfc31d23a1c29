//! Books that are kept from a tenant's journal, and the time that a reader waits for them.

use std::{future::Future, time::Duration};

use tokio::time::timeout;

use super::{Fault, Reads, journal};

/// Maximum time that a reader waits for a book: pages may have many lines, and another task may
/// hold the book. Less than the time limit of an operation, which would answer nothing.
const READER_TIMEOUT: Duration = Duration::from_secs(3);

/// Progress of a book of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookProgress {
    /// The last event that is in the book.
    pub seq: i64,
    /// The journal's last event at the time of the call.
    pub head: i64,
}

impl BookProgress {
    pub const fn is_current(self) -> bool {
        self.seq >= self.head
    }
    /// Whether the book lacks more events than that.
    pub const fn is_far_behind(self, events: i64) -> bool {
        self.head - self.seq > events
    }
    /// Progress of an answer from two books: of the one that is further behind.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { seq: self.seq.min(other.seq), head: self.head.max(other.head) }
    }
}

/// Waits for `catch_up` as long as a reader does. After that, `last_seq` reads the last event that
/// is in the book. The page under way is finished if `catch_up` has it in a task of its own.
pub async fn catch_up_for_reader(
    reads: &impl Reads,
    catch_up: impl Future<Output = Result<BookProgress, Fault>>,
    last_seq: impl Future<Output = Result<i64, Fault>>,
) -> Result<BookProgress, Fault> {
    match timeout(READER_TIMEOUT, catch_up).await {
        Ok(progress) => progress,
        Err(_) => Ok(BookProgress { seq: last_seq.await?, head: journal::head(reads).await?.seq }),
    }
}
