//! Transfers in GraphQL: types, lists, inputs, answers.

pub mod transfer;
pub mod enums;
pub mod loaders;
pub mod refs;
pub mod refusal;

use async_graphql::Context;
use entity::prelude::TransferId;
use iam::access::{Permit, kind};
use inventory::transfers::core;

pub use enums::TransferStatus;
pub use loaders::Rows;
pub use refs::TransferRef;
pub use transfer::{SentLot, Transfer, TransferConnection, TransferEdge, TransferLine};

use crate::graphql::{context::ContextExt, fault::Answer};

/// The transfer with an ID, with its lines, if one of its stores is the caller's.
pub async fn load_transfer(ctx: &Context<'_>, id: TransferId) -> Answer<Option<Transfer>> {
    let permit = ctx.permit::<kind::TransferRead>()?;
    Ok(loaders::load(ctx, id).await?.filter(|transfer| covers(&permit, transfer)).map(Transfer::with_loaded_lines))
}

/// Whether the permit is for one of the transfer's stores.
pub fn covers(permit: &Permit<kind::TransferRead>, transfer: &core::Transfer) -> bool {
    let reach = permit.reach();
    reach.covers(transfer.from) || reach.covers(transfer.to)
}
