//! Verdicts on commands, and the version that an update expects.

use super::rejection::{Problem, Rejection, Subject};

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
pub fn find_target<'a, R: Versioned>(
    row: Option<&'a R>,
    expected: Option<i64>,
    subject: Subject,
    problems: &[Problem],
) -> Result<&'a R, Refusal<R>> {
    let refused =
        |problem, current| Refusal { problems: std::iter::once(problem).chain(problems.iter().cloned()).collect(), current };
    let Some(row) = row else {
        return Err(refused(Problem::at("id", Rejection::Missing(subject)), None));
    };
    match expected {
        Some(expected) if expected != row.version() => {
            let problem = Problem::at("expectedVersion", Rejection::Stale { actual: row.version() });
            Err(refused(problem, Some(row.clone())))
        }
        _ => Ok(row),
    }
}
