//! Reasons to refuse a call about an exchange.

use iam::access::Denied;
use platform::storage::{Fault, idempotency::KeyProblem};

use crate::{
    exchange::core::{Noun, State},
    files::FileError,
};

/// Reasons to refuse a call about an exchange: nothing was written.
#[derive(Debug)]
pub enum ExchangeError {
    Denied(Denied),
    NotFound,
    /// The idempotency key was used before with another input.
    KeyReused,
    BadKey(KeyProblem),
    /// The exchange is over, or its kind cannot be cancelled.
    IsOver(State),
    /// Rows of this noun do not come in, or do not go out.
    NotOffered(Noun),
    TooMany {
        most: i64,
    },
    /// The document cannot be run for each line; the text is the reason.
    Unfit(String),
    /// No dry run is possible; `could` is true if the mutation supports it and the document does not pass `$validateOnly`.
    NoDryRun {
        field: String,
        could: bool,
    },
    /// The file holds no lines of JSON.
    NoLines,
    /// The input file cannot be read.
    File(FileError),
    Fault(Fault),
}
impl From<Denied> for ExchangeError {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}
impl From<Fault> for ExchangeError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<FileError> for ExchangeError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Fault(fault) => Self::Fault(fault),
            other => Self::File(other),
        }
    }
}
