//! Why a change of views, their links and their schedules is refused, and when that is told.

use platform::{
    stages::{Stage, Staged, Stop},
    storage::idempotency::KeyProblem,
};

use super::engine::DocumentProblem;
use crate::saved_views::core::Problem;

/// Why nothing was written.
#[derive(Debug, Clone)]
pub enum SavedViewRefusal {
    BadKey(KeyProblem),
    Field(Problem),
    NotFound,
    /// There is no view to make a link or a schedule of.
    NoView,
    NoLink,
    NoSchedule,
    /// The member of this place in the list is no active one.
    NoMember(usize),
    /// There is no role of this place, which a view is shared with.
    NoRole(usize),
    /// The member of this place, whom a view is shared with, is no active one.
    NoReader(usize),
    /// Why the view has no table, in words.
    NoTable(String),
    Document(DocumentProblem),
    /// It costs so many points with its own variables.
    TooDear(i64),
    TooManyLinks,
    /// The tenant has as many schedules as may be.
    TooManySchedules,
    /// The view has.
    TooManySchedulesOfView,
    /// A schedule that is there is changed without the version that was read.
    NoVersion,
    /// Somebody has changed the schedule since it was read: its version now.
    StaleSchedule(i64),
    /// A link or a schedule of others runs its document with their rights.
    Lent,
    /// Another view has this slug.
    SlugTaken,
    TooMany,
    /// Somebody has changed it since it was read: its version now.
    Stale(i64),
    KeyReused,
}

impl Staged for SavedViewRefusal {
    fn stage(&self) -> Stage {
        match self {
            Self::BadKey(_) => Stage::Shape,
            Self::Field(problem) => problem.stage(),
            Self::NotFound
            | Self::NoView
            | Self::NoLink
            | Self::NoSchedule
            | Self::NoMember(_)
            | Self::NoRole(_)
            | Self::NoReader(_) => Stage::Reference,
            Self::NoTable(_) | Self::Document(_) | Self::TooDear(_) => Stage::Value,
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

/// Why a call came to nothing: nothing was written.
pub type SavedViewError = Stop<SavedViewRefusal>;
