//! Undoing documents in GraphQL: one mutation, one shape of answer, and what rests on what cannot be undone.

pub use objects::reversals::*;

mod inputs;
mod mutation;
mod packs;
mod query;

pub use inputs::{DocumentReverseInput, ReverseLine};
pub use mutation::{DocumentReversalPayload, ReversalMutation};
pub use query::{ReversalFilter, ReversalQuery, ReversalSort, ReversalSortField};
