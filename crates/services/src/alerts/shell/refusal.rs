//! Reasons to refuse a change of alerts and alert rules, and the stage at which each is checked.

use platform::{
    stages::{Stage, Staged, Stop},
    storage::idempotency::KeyProblem,
};

/// A refusal, and the field of the input that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertRefusal {
    BadKey(KeyProblem),
    /// A required text is empty.
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
    /// A field has a wrong form.
    Malformed {
        message: String,
        field: Vec<String>,
    },
    NotFound {
        what: &'static str,
        field: Vec<String>,
    },
    /// The rule is for all stores, and the caller's permission is for some of them.
    NotEverywhere {
        message: String,
        field: Vec<String>,
    },
    /// The value contradicts the others.
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
    /// The row was changed after it was read; `actual` is its version now.
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

/// Error of a change that wrote nothing.
pub type AlertError = Stop<AlertRefusal>;
