//! Reasons to refuse a change of export schedules, and the stage at which each is checked.

use iam::access::Denied;
use platform::{
    stages::{Stage, Staged, Stop},
    storage::idempotency::KeyProblem,
};

use crate::{buckets::core::BucketProblem, export_schedules::core::Problem};

/// Refusal of a call that wrote nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportScheduleRefusal {
    BadKey(KeyProblem),
    /// The caller may not see rows of this kind. It is reported alone.
    Denied(Denied),
    Field(Problem),
    /// A problem of the bucket.
    Bucket(BucketProblem),
    NotFound,
    /// Requests to the bucket's endpoint are not allowed; the text is the reason.
    Endpoint(String),
    /// The tenant has the maximum of schedules.
    TooMany,
    /// The change of an existing schedule has no version.
    NoVersion,
    /// The schedule was changed after it was read; its version now.
    Stale(i64),
    /// A paused schedule cannot be run.
    Paused,
    KeyReused,
}

impl Staged for ExportScheduleRefusal {
    fn stage(&self) -> Stage {
        match self {
            Self::BadKey(_) | Self::Denied(_) => Stage::Shape,
            Self::Field(problem) => problem.stage(),
            Self::Bucket(problem) => problem.stage(),
            Self::NotFound => Stage::Reference,
            Self::Endpoint(_) => Stage::Value,
            Self::TooMany | Self::NoVersion | Self::Stale(_) | Self::Paused | Self::KeyReused => Stage::State,
        }
    }
}

/// Error of a call that wrote nothing.
pub type ExportScheduleError = Stop<ExportScheduleRefusal>;
