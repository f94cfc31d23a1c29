//! Why a change of alerts and their rules is refused, and when that is told.

use platform::{
    stages::{Stage, Staged, Stop},
    storage::idempotency::KeyProblem,
};

/// A refusal, and the field of the input that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertRefusal {
    BadKey(KeyProblem),
    /// A text is needed.
    Required {
        field: Vec<String>,
    },
    TooLong {
        most: usize,
        field: Vec<String>,
    },
    LimitExceeded {
        message: String,
        field: Vec<String>,
    },
    /// It is not written as it has to be.
    Malformed {
        message: String,
        field: Vec<String>,
    },
    NotFound {
        what: &'static str,
        field: Vec<String>,
    },
    /// It is for all stores, and the caller's permission is for some of them.
    NotEverywhere {
        message: String,
        field: Vec<String>,
    },
    /// The value does not fit the others.
    Invalid {
        message: String,
        field: Vec<String>,
    },
    OutOfRange {
        message: String,
        field: Vec<String>,
    },
    InvalidState {
        message: String,
        field: Vec<String>,
    },
    /// Somebody has changed it since it was read: its version now.
    Stale {
        actual: i64,
    },
    KeyReused,
}

impl Staged for AlertRefusal {
    fn stage(&self) -> Stage {
        match self {
            Self::BadKey(_)
            | Self::Required { .. }
            | Self::TooLong { .. }
            | Self::LimitExceeded { .. }
            | Self::Malformed { .. } => Stage::Shape,
            Self::NotEverywhere { .. } => Stage::Permission,
            Self::NotFound { .. } => Stage::Reference,
            Self::Invalid { .. } | Self::OutOfRange { .. } => Stage::Value,
            Self::InvalidState { .. } | Self::Stale { .. } | Self::KeyReused => Stage::State,
        }
    }
}

/// Why a change came to nothing: nothing was written.
pub type AlertError = Stop<AlertRefusal>;
