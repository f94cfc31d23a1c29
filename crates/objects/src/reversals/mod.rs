//! Reversals of documents in GraphQL: one mutation, one shape of answer, and the dependents that
//! prevent a reversal.

pub mod enums;
pub mod loaders;
pub mod refusal;
pub mod reversal;

pub use enums::{ReversalEffectKind, ReversedKind};
pub use loaders::{Rows, has_more_reversals, reversals_of, visible_reversals};
pub use refusal::in_use;
pub use reversal::{
    DocumentReversal, DocumentReversalConnection, DocumentReversalEdge, ReverseEffect, ReversedLine, find_reversal,
};
