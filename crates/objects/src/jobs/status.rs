//! The state of a job.

use async_graphql::Enum;
use platform::jobs::core;

/// State of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "core::State")]
pub enum BackgroundJobStatus {
    /// The job runs at its scheduled time.
    Waiting,
    /// A worker holds the job. A recurring job is held as long as there is a worker.
    Running,
    /// The job has succeeded.
    Done,
    /// The job has failed for good. After the cause is repaired, jobRetry runs it again.
    #[graphql(name = "FAILED")]
    Dead,
}
