//! Reversals of documents in GraphQL: one mutation, one shape of answer, and the dependents that
//! prevent a reversal.

pub use objects::reversals::*;

mod inputs;
mod mutation;
mod packs;
mod query;

pub use inputs::{DocumentReverseInput, ReverseLine};
pub use mutation::{DocumentReversalPayload, ReversalMutation};
pub use query::{ReversalFilter, ReversalQuery, ReversalSort, ReversalSortField};
