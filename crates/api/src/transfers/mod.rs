//! Transfers in GraphQL: types, lists, inputs, answers.

mod inputs;
mod loaders;
mod mutation;
mod payload;
mod query;
mod transfer;
mod enums;
pub mod refusal;

pub use enums::TransferStatus;
pub use inputs::{
    TransferActionInput, TransferCloseInput, TransferCreateInput, TransferLineInput, TransferLotInput, TransferShipmentInput,
    TransferShipmentLineInput, TransferUpdateInput,
};
pub use loaders::Rows;
pub use mutation::TransfersMutation;
pub use payload::TransferPayload;
pub use query::{TransferFilter, TransferRef, TransfersQuery, load_transfer};
pub use transfer::{SentLot, Transfer, TransferConnection, TransferEdge, TransferLine};
