//! Origin of documents: a person or a register.

use entity::prelude::*;

/// Origin of documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A member or an integration.
    Person(Actor),
    /// A register of the store, by the code that callers use.
    Register(String),
}

impl Origin {
    /// Returns `None` for a register.
    pub const fn person(&self) -> Option<Actor> {
        match self {
            Self::Person(actor) => Some(*actor),
            Self::Register(_) => None,
        }
    }
    /// Returns `None` for a person.
    pub fn register(&self) -> Option<&str> {
        match self {
            Self::Person(_) => None,
            Self::Register(code) => Some(code),
        }
    }
}
