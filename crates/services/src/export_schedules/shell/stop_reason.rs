//! Reasons to stop a run before its end.

use platform::storage::Fault;

use crate::{buckets::BucketFailure, exchange::FeedError};

const ACCESS_LOST: &str = "the member or integration that set the schedule has no access any more: set it again";

/// Reason why a run stops before its end.
#[derive(Debug)]
pub(super) enum StopReason {
    /// The schedule was changed, paused, removed, or started again from the beginning.
    Overtaken,
    /// The run cannot continue until a member sets the schedule again.
    Paused(String),
    /// The destination cannot be written to: the next try may succeed.
    Away(String),
    Fault(Fault),
}
impl From<Fault> for StopReason {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<BucketFailure> for StopReason {
    fn from(failure: BucketFailure) -> Self {
        match failure {
            BucketFailure::Away(reason) => Self::Away(reason),
            BucketFailure::Fault(fault) => Self::Fault(fault),
        }
    }
}
impl From<FeedError> for StopReason {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Gone => Self::Paused(ACCESS_LOST.to_owned()),
            FeedError::Denied(reason) => Self::Paused(reason),
            FeedError::Fault(fault) => Self::Fault(fault),
        }
    }
}
