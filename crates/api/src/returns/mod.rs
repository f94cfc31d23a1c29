//! Returns in GraphQL: types, lists, inputs, answers.

mod connection;
mod enums;
mod filter;
mod inputs;
mod loaders;
mod mutation;
mod nodes;
mod payload;
mod query;
pub mod refusal;
mod sales_return;
mod settle_inputs;
mod step_inputs;
mod visibility;

pub use connection::{ReturnConnection, ReturnEdge, returns_of_customer};
pub use enums::{Disposition, ReturnStatus};
pub use filter::{ReturnFilter, ReturnSort, ReturnSortField};
pub use inputs::{ReturnCreateInput, ReturnLineInput, ReturnMatchInput};
pub use loaders::Rows;
pub use mutation::ReturnsMutation;
pub use nodes::{customer_of_return, load_return};
pub use payload::ReturnPayload;
pub use query::{ReturnRef, ReturnsQuery};
pub use sales_return::{Return, ReturnLine, ReturnMatch, returns_of_order};
pub use settle_inputs::ReturnPaymentInput;
pub use step_inputs::{
    ReturnActionInput, ReturnCloseInput, ReturnInspectInput, ReturnInspectLineInput, ReturnReceiveInput, ReturnReceiveLineInput,
    ReturnRejectInput,
};
