//! Undoing documents in GraphQL: one mutation, one shape of answer, and what rests on what cannot be undone.

pub mod enums;
pub mod loaders;
pub mod refusal;
pub mod reversal;

pub use enums::{ReversalEffectKind, ReversedKind};
pub use loaders::{Rows, has_more_reversals, reversals_of, seen_reversals};
pub use refusal::in_use;
pub use reversal::{
    DocumentReversal, DocumentReversalConnection, DocumentReversalEdge, ReverseEffect, ReversedLine, find_reversal,
};
