//! Counts in GraphQL: types, lists, inputs, answers.

mod count;
mod inputs;
mod line;
mod loaders;
mod mutation;
mod payload;
mod query;
mod enums;
pub mod refusal;

pub use count::{Stocktake, StocktakeConnection, StocktakeEdge, StocktakeProgress, StocktakeSummary};
pub use enums::{AbcClass, StocktakeKind, StocktakeLineStatus, StocktakeStatus};
pub use inputs::{
    StocktakeActionInput, StocktakeCreateInput, StocktakeLineInput, StocktakeRecordInput, StocktakeRecountInput,
    StocktakeSubmitInput, UncountedPolicy,
};
pub use line::{StocktakeAttempt, StocktakeLine, StocktakeLineConnection, StocktakeLineEdge, StocktakeLineFilter};
pub use loaders::Rows;
pub use mutation::CountsMutation;
pub use payload::StocktakePayload;
pub use query::{CountsQuery, StocktakeDue, StocktakeDueConnection, StocktakeDueEdge, StocktakeFilter, StocktakeRef, load_count};
