//! Transfers in GraphQL: types, lists, inputs, answers.

mod inputs;
mod loaders;
mod mutation;
mod payload;
mod query;
mod transfer;
mod enums;
pub mod refusal;

use async_graphql::Context;
use entity::prelude::TransferId;
use iam::access::{Permit, kind};
use inventory::transfers::core;

pub use enums::TransferStatus;
pub use inputs::{
    TransferActionInput, TransferCloseInput, TransferCreateInput, TransferLineInput, TransferLotInput, TransferShipmentInput,
    TransferShipmentLineInput, TransferUpdateInput,
};
pub use loaders::Rows;
pub use mutation::TransfersMutation;
pub use payload::TransferPayload;
pub use query::{TransferFilter, TransferRef, TransfersQuery};
pub use transfer::{SentLot, Transfer, TransferConnection, TransferEdge, TransferLine};

use crate::graphql::{context::ContextExt, fault::Answer};

/// The transfer of an id, with its lines, if one of its stores is the caller's.
pub async fn load_transfer(ctx: &Context<'_>, id: TransferId) -> Answer<Option<Transfer>> {
    let permit = ctx.permit::<kind::TransferRead>()?;
    Ok(loaders::load(ctx, id).await?.filter(|transfer| covers(&permit, transfer)).map(Transfer::whole))
}

/// Whether the permit is for one of the transfer's stores.
fn covers(permit: &Permit<kind::TransferRead>, transfer: &core::Transfer) -> bool {
    let reach = permit.reach();
    reach.covers(transfer.from) || reach.covers(transfer.to)
}
