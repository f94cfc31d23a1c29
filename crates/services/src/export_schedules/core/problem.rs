//! Problems of a requested schedule.

use platform::stages::{Stage, Staged};

/// Problem of a requested schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    Invalid { message: &'static str, name: &'static str },
    OutOfRange { message: &'static str, name: &'static str },
    TooLong { most: usize, name: &'static str },
    Missing { message: &'static str, name: &'static str },
}

impl Staged for Problem {
    fn stage(&self) -> Stage {
        match self {
            Self::OutOfRange { .. } => Stage::Value,
            _ => Stage::Shape,
        }
    }
}
