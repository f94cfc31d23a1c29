//! Transfers in GraphQL: types, lists, inputs, answers.

pub use objects::transfers::*;

mod inputs;
mod mutation;
mod payload;
mod query;

pub use inputs::{
    TransferActionInput, TransferCloseInput, TransferCreateInput, TransferLineInput, TransferLotInput, TransferShipmentInput,
    TransferShipmentLineInput, TransferUpdateInput,
};
pub use mutation::TransfersMutation;
pub use payload::TransferPayload;
pub use query::{TransferFilter, TransfersQuery};
