//! Returns in GraphQL: types, lists, inputs, answers.

pub use objects::returns::*;

mod inputs;
mod mutation;
mod payload;
mod settle_inputs;
mod step_inputs;

pub use inputs::{ReturnCreateInput, ReturnLineInput, ReturnMatchInput};
pub use mutation::ReturnsMutation;
pub use payload::ReturnPayload;
pub use settle_inputs::ReturnPaymentInput;
pub use step_inputs::{
    ReturnActionInput, ReturnCloseInput, ReturnInspectInput, ReturnInspectLineInput, ReturnReceiveInput, ReturnReceiveLineInput,
    ReturnRejectInput,
};
