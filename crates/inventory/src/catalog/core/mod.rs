//! The catalogue's rules, pure: permitted writes and the reasons of refusals. Time and new IDs come
//! in with the command.
//!
//! Every noun follows the same steps: fields as callers send them → `check` → a command that lists
//! its own problems → `decide` against the rows that the database has around it → a `Verdict`. One
//! command or five hundred make no difference.

pub mod anomaly_limits;
pub mod calendar;
pub mod category;
pub mod channel;
mod check;
pub mod company;
pub mod customer;
pub mod family;
pub mod goods;
pub mod gtin;
pub mod handling;
pub mod kit;
pub mod life;
pub mod merge;
pub mod particulars;
pub mod product;
mod product_check;
mod product_decide;
mod rejection;
pub mod search;
mod stages;
pub mod store;
pub mod supplier;
pub mod text;
pub mod typos;
pub mod unmerge;

pub use check::{Checker, InputPath, MAX_METADATA_BYTES};
use entity::prelude::Timestamp;
pub use product_check::MAX_BARCODES;
pub use rejection::{Form, MergeStays, Problem, Rejection, Subject, Use};
use serde::Serialize;
use uuid::Uuid;

/// Input of a field: left out, null, or a value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub enum Patch<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<T> Patch<T> {
    pub fn set(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            _ => None,
        }
    }
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
    /// Converts the value, if one is set; a None drops the field, as for an invalid value.
    pub fn check<U>(&self, turn: impl FnOnce(&T) -> Option<U>) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => turn(value).map_or(Patch::Keep, Patch::Set),
        }
    }
    /// Writes the patch into a field that may be empty.
    pub fn apply(&self, field: &mut Option<T>)
    where
        T: Clone,
    {
        match self {
            Self::Keep => {}
            Self::Clear => *field = None,
            Self::Set(value) => *field = Some(value.clone()),
        }
    }
    /// Writes the patch into a field that always has a value; clearing it was refused before.
    pub fn apply_value(&self, field: &mut T)
    where
        T: Clone,
    {
        if let Self::Set(value) = self {
            *field = value.clone();
        }
    }
}

impl<T> From<Option<T>> for Patch<T> {
    /// A field of a new row: without a value it has its default.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}

/// Row that a command is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target<I> {
    /// A new one.
    New,
    /// An existing one, unless it has changed since it was read.
    Id { id: I, expected_version: Option<i64> },
    /// The row with the natural key that the fields carry; a new row if there is none.
    Key,
}

impl<I: Copy> Target<I> {
    pub fn id(&self) -> Option<I> {
        match self {
            Self::Id { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// Inputs of a decision that do not come from the caller or the database: an unused ID, and the
/// time.
#[derive(Debug, Clone, Copy)]
pub struct NewIdAndTime {
    pub id: Uuid,
    pub now: Timestamp,
}

/// A command that has been checked field by field.
pub trait CheckedCommand {
    fn problems(&self) -> &[Problem];
    /// True if an ID in it is malformed or of another kind: the database need not be read then.
    fn has_wrong_id(&self) -> bool {
        self.problems().iter().any(|problem| matches!(problem.why, Rejection::WrongId(_)))
    }
}

macro_rules! checked {
    ($($command:ty),*) => { $(impl CheckedCommand for $command { fn problems(&self) -> &[Problem] { &self.problems } })* };
}
checked!(
    store::StoreCommand,
    category::CategoryCommand,
    supplier::SupplierCommand,
    family::FamilyCommand,
    customer::CustomerCommand,
    channel::ChannelCommand,
    product::ProductCommand,
    kit::KitCommand
);

/// Outcome of a command.
#[derive(Debug, Clone)]
pub enum Verdict<R> {
    Created(R),
    Updated { before: R, after: R },
    Unchanged(R),
    Refused(Refusal<R>),
}

impl<R> Verdict<R> {
    pub fn refused(problems: Vec<Problem>) -> Self {
        Self::Refused(Refusal { problems, current: None })
    }
}

/// Reasons of a refusal; for a stale version also the current row.
#[derive(Debug, Clone)]
pub struct Refusal<R> {
    pub problems: Vec<Problem>,
    pub current: Option<R>,
}

/// A row that counts its changes.
pub trait Versioned: Clone {
    fn version(&self) -> i64;
}

macro_rules! versioned {
    ($($row:ty),*) => { $(impl Versioned for $row { fn version(&self) -> i64 { self.version } })* };
}
versioned!(
    entity::store::Model,
    entity::category::Model,
    entity::supplier::Model,
    entity::product_family::Model,
    entity::customer::Model,
    entity::channel::Model
);

/// Returns the row that an update is for, or the refusal, with all `problems` so far: the row does
/// not exist, or its version differs from the caller's.
pub fn found<'a, R: Versioned>(
    row: Option<&'a R>,
    expected: Option<i64>,
    word: Subject,
    problems: &[Problem],
) -> Result<&'a R, Refusal<R>> {
    let refused = |why, current| Refusal { problems: std::iter::once(why).chain(problems.iter().cloned()).collect(), current };
    let Some(row) = row else {
        return Err(refused(Problem::at("id", Rejection::Missing(word)), None));
    };
    match expected {
        Some(expected) if expected != row.version() => {
            let why = Problem::at("expectedVersion", Rejection::Stale { actual: row.version() });
            Err(refused(why, Some(row.clone())))
        }
        _ => Ok(row),
    }
}
