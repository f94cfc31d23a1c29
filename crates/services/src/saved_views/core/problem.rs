//! Problems of the fields of views and schedules.

use platform::stages::{Stage, Staged};

use crate::alerts::core::InvalidAddress;

/// Problem of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    Invalid {
        message: &'static str,
        name: &'static str,
    },
    /// In characters, or in bytes for documents and variables.
    TooLong {
        most: usize,
        name: &'static str,
    },
    OutOfRange {
        message: &'static str,
        name: &'static str,
    },
    Missing {
        message: &'static str,
        name: &'static str,
    },
    TooMany {
        most: usize,
        name: &'static str,
    },
    /// The list has more roles, or more members, than are allowed.
    TooManyReaders {
        name: &'static str,
    },
    /// The nth address is invalid.
    Address {
        nth: usize,
        bad: InvalidAddress,
    },
}

impl Staged for Problem {
    fn stage(&self) -> Stage {
        match self {
            Self::OutOfRange { .. } => Stage::Value,
            _ => Stage::Shape,
        }
    }
}
