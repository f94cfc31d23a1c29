//! Why a change of export schedules is refused, and when that is told.

use iam::access::Denied;
use platform::{
    stages::{Stage, Staged, Stop},
    storage::idempotency::KeyProblem,
};

use crate::export_schedules::core::Problem;

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportScheduleRefusal {
    BadKey(KeyProblem),
    /// Whoever asks may not see rows of this kind. It is told alone.
    Denied(Denied),
    Field(Problem),
    /// Of the bucket.
    Bucket(Problem),
    NotFound,
    /// The bucket's endpoint may not be sent to, in words.
    Endpoint(String),
    /// The tenant has as many schedules as may be.
    TooMany,
    /// A schedule that is there is changed without the version that was read.
    NoVersion,
    /// Somebody has changed it since it was read: its version now.
    Stale(i64),
    /// A schedule that is paused is not run.
    Paused,
    KeyReused,
}

impl Staged for ExportScheduleRefusal {
    fn stage(&self) -> Stage {
        match self {
            Self::BadKey(_) | Self::Denied(_) => Stage::Shape,
            Self::Field(problem) | Self::Bucket(problem) => problem.stage(),
            Self::NotFound => Stage::Reference,
            Self::Endpoint(_) => Stage::Value,
            Self::TooMany | Self::NoVersion | Self::Stale(_) | Self::Paused | Self::KeyReused => Stage::State,
        }
    }
}

/// Why a call came to nothing: nothing was written.
pub type ExportScheduleError = Stop<ExportScheduleRefusal>;
