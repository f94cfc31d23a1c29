//! Undoing documents in GraphQL: one mutation, one shape of answer, and what rests on what cannot be undone.

mod enums;
mod inputs;
mod loaders;
mod mutation;
mod packs;
mod query;
pub mod refusal;
mod reversal;

pub use enums::{ReversalEffectKind, ReversedKind};
pub use inputs::{DocumentReverseInput, ReverseLine};
pub use loaders::{Rows, has_more_reversals, reversals_of, seen_reversals};
pub use mutation::{DocumentReversalPayload, ReversalMutation};
pub use query::{ReversalFilter, ReversalQuery, ReversalSort, ReversalSortField};
pub use refusal::in_use;
pub use reversal::{
    DocumentReversal, DocumentReversalConnection, DocumentReversalEdge, ReverseEffect, ReversedLine, find_reversal,
};
