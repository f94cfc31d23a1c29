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

pub use count::{Count, CountConnection, CountEdge, CountFigures, CountProgress};
pub use enums::{AbcClass, CountKind, CountLineState, CountStatus};
pub use inputs::{
    CountActionInput, CountCreateInput, CountLineInput, CountRecordInput, CountRecountInput, CountSubmitInput, CountUncounted,
};
pub use line::{CountLine, CountLineConnection, CountLineEdge, CountLineFilter, CountTry};
pub use loaders::Rows;
pub use mutation::CountsMutation;
pub use payload::CountPayload;
pub use query::{CountDue, CountFilter, CountRef, CountsQuery, load_count};
