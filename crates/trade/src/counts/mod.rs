//! Counts in GraphQL: types, lists, inputs, answers.

pub use objects::counts::*;

mod inputs;
mod mutation;
mod payload;
mod query;

pub use inputs::{
    StocktakeActionInput, StocktakeCreateInput, StocktakeLineInput, StocktakeRecordInput, StocktakeRecountInput,
    StocktakeSubmitInput, UncountedPolicy,
};
pub use mutation::CountsMutation;
pub use payload::StocktakePayload;
pub use query::{CountsQuery, StocktakeDue, StocktakeDueConnection, StocktakeDueEdge, StocktakeFilter};
