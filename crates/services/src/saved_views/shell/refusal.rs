//! Reasons to refuse a change of views, their links and their schedules, and the stage at which
//! each is checked.

use platform::{
    stages::{Stage, Staged, Stop},
    storage::idempotency::KeyProblem,
};

use super::engine::DocumentProblem;
use crate::{buckets::core::BucketProblem, saved_views::core::Problem};

/// Refusal of a call that wrote nothing.
#[derive(Debug, Clone)]
pub enum SavedViewRefusal {
    BadKey(KeyProblem),
    Field(Problem),
    /// A problem of a schedule's bucket.
    Bucket(BucketProblem),
    /// Requests to the bucket's endpoint are not allowed; the text is the reason.
    Endpoint(String),
    NotFound,
    /// The view of the link or the schedule does not exist.
    NoView,
    NoLink,
    NoSchedule,
    /// The member at this index is not active.
    NoMember(usize),
    /// The role at this index of the readers does not exist.
    NoRole(usize),
    /// The member at this index of the readers is not active.
    NoReader(usize),
    /// The view has no table; the text is the reason.
    NoTable(String),
    Document(DocumentProblem),
    /// The view costs this many points with its own variables, which is too much.
    TooDear(i64),
    TooManyLinks,
    /// The tenant has the maximum of schedules.
    TooManySchedules,
    /// The view has the maximum of schedules.
    TooManySchedulesOfView,
    /// The change of an existing schedule has no version.
    NoVersion,
    /// The schedule was changed after it was read; its version now.
    StaleSchedule(i64),
    /// A link or a schedule of others runs its document with their rights.
    Lent,
    /// Another view has this slug.
    SlugTaken,
    TooMany,
    /// The view was changed after it was read; its version now.
    Stale(i64),
    KeyReused,
}

impl Staged for SavedViewRefusal {
    fn stage(&self) -> Stage {
        match self {
            Self::BadKey(_) => Stage::Shape,
            Self::Field(problem) => problem.stage(),
            Self::Bucket(problem) => problem.stage(),
            Self::NotFound
            | Self::NoView
            | Self::NoLink
            | Self::NoSchedule
            | Self::NoMember(_)
            | Self::NoRole(_)
            | Self::NoReader(_) => Stage::Reference,
            Self::Endpoint(_) | Self::NoTable(_) | Self::Document(_) | Self::TooDear(_) => Stage::Value,
            Self::TooManyLinks
            | Self::TooManySchedules
            | Self::TooManySchedulesOfView
            | Self::NoVersion
            | Self::StaleSchedule(_)
            | Self::Lent
            | Self::SlugTaken
            | Self::TooMany
            | Self::Stale(_)
            | Self::KeyReused => Stage::State,
        }
    }
}

/// Error of a call that wrote nothing.
pub type SavedViewError = Stop<SavedViewRefusal>;
