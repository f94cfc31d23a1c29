//! Why a command on stock is refused. Each meets GraphQL once, in the graph floor.

use entity::prelude::*;

use super::level::Level;

/// The path to the input field that is meant.
pub type Field = Vec<String>;

/// A refusal. When several apply, the first in the order of the input is given; for one line: not found, state, version, quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// The product, store, reservation, movement or document does not exist here.
    NotFound {
        what: &'static str,
        field: Field,
    },
    /// The value is not what this field takes.
    Invalid {
        message: String,
        field: Field,
    },
    /// Beyond what can be kept, or outside its time.
    OutOfRange {
        message: String,
        field: Field,
    },
    /// A text is longer than is kept.
    TooLong {
        message: String,
        field: Field,
    },
    /// The state does not allow this step.
    InvalidState {
        message: String,
        field: Field,
    },
    PeriodClosed {
        through: i32,
        field: Field,
    },
    VersionConflict {
        level: Box<Level>,
        /// What the lot has that was meant; none where the level was.
        lot: Option<i64>,
        field: Field,
    },
    /// A document's version is not the one expected.
    StaleDocument {
        what: &'static str,
        id: uuid::Uuid,
        actual: i64,
        field: Field,
    },
    Insufficient {
        level: Box<Level>,
        /// So much of what was asked for that asking for just that much would not be refused.
        usable: i64,
        requested: Quantity,
        field: Field,
    },
    /// A lot, or what of it may be taken, has less than was asked for.
    LotShort {
        /// Where; none where several stores were looked at.
        level: Option<Box<Level>>,
        what: String,
        usable: i64,
        requested: i64,
        field: Field,
    },
    Duplicate {
        message: String,
        field: Field,
    },
    LimitExceeded {
        message: String,
        field: Field,
    },
    /// The idempotency key was used with another input.
    KeyReused,
}

impl Rejection {
    pub fn invalid(message: impl Into<String>, field: Field) -> Self {
        Self::Invalid { message: message.into(), field }
    }
    pub fn state(message: impl Into<String>, field: Field) -> Self {
        Self::InvalidState { message: message.into(), field }
    }
    pub fn not_found(what: &'static str, field: Field) -> Self {
        Self::NotFound { what, field }
    }
    /// The path to the input field that is meant; None where it is the whole call.
    pub fn field_mut(&mut self) -> Option<&mut Field> {
        match self {
            Self::NotFound { field, .. }
            | Self::Invalid { field, .. }
            | Self::OutOfRange { field, .. }
            | Self::TooLong { field, .. }
            | Self::InvalidState { field, .. }
            | Self::PeriodClosed { field, .. }
            | Self::VersionConflict { field, .. }
            | Self::StaleDocument { field, .. }
            | Self::Insufficient { field, .. }
            | Self::LotShort { field, .. }
            | Self::Duplicate { field, .. }
            | Self::LimitExceeded { field, .. } => Some(field),
            Self::KeyReused => None,
        }
    }
    pub fn out_of_range(message: impl Into<String>, field: Field) -> Self {
        Self::OutOfRange { message: message.into(), field }
    }
}
