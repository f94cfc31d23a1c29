//! Changing transfers.

use async_graphql::Context;
use inventory::{
    stock::events::STOCK_CHANGED,
    transfers::{
        events::{
            TRANSFER_CANCELLED, TRANSFER_CLOSED, TRANSFER_CREATED, TRANSFER_READY, TRANSFER_RECEIVED, TRANSFER_SHIPPED,
            TRANSFER_UPDATED,
        },
        shell,
    },
};
use macros::resolvers;

use super::{
    inputs::{TransferActionInput, TransferCloseInput, TransferCreateInput, TransferShipmentInput, TransferUpdateInput},
    payload::TransferPayload,
};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    step,
    stock::ReceiptPayload,
};

/// The root fields that change transfers.
#[derive(Default)]
pub struct TransfersMutation;

/// Mutations of transfers.
#[resolvers]
impl TransfersMutation {
    /// Asks for goods of another store, or offers them to one: a DRAFT, which holds nothing, unless `status` says more. All of it is done, or nothing.
    /// Rights in either store will do; `status` also needs transfer.ship in the sending store.
    #[mutation(permit = TransferWrite, emits(TRANSFER_CREATED, TRANSFER_READY, TRANSFER_SHIPPED, STOCK_CHANGED), dry_run)]
    async fn transfer_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The transfer.")] input: TransferCreateInput,
    ) -> Answer<TransferPayload> {
        step!(packs TransferPayload, ctx, permit, input, shell::transfer_create, dry_run)
    }

    /// Changes a transfer that has not ended; rights in either store suffice. All fields of a DRAFT can change, and of a READY
    /// one, whose held stock changes by the difference of each line, all or none; its lines also need transfer.ship in the
    /// sending store. Once it is under way, only the expected time and the note can change.
    #[mutation(permit = TransferWrite, emits(TRANSFER_UPDATED, STOCK_CHANGED), dry_run)]
    async fn transfer_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Changes of the transfer.")] input: TransferUpdateInput,
    ) -> Answer<TransferPayload> {
        step!(named packs TransferPayload, ctx, permit, input, shell::transfer_update, dry_run)
    }

    /// Holds the stock of a DRAFT at the sender, all of it or none. Requires the permission in the sender's store.
    #[mutation(permit = TransferShip, emits(TRANSFER_READY, STOCK_CHANGED), was("transferReady", "2026-11-25"), dry_run)]
    async fn transfer_mark_ready(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Transfer to make ready.")] input: TransferActionInput,
    ) -> Answer<TransferPayload> {
        step!(named TransferPayload, ctx, permit, input, shell::transfer_ready, dry_run)
    }

    /// Ships a READY transfer, once: stock leaves the sender and is in transit to the receiver. Stock that stays behind is
    /// released. Requires the permission in the sender's store.
    #[mutation(permit = TransferShip, emits(TRANSFER_SHIPPED, STOCK_CHANGED), dry_run)]
    async fn transfer_ship(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Shipment of the transfer.")] input: TransferShipmentInput,
    ) -> Answer<TransferPayload> {
        step!(named lines Transfer TransferPayload, ctx, permit, input, shell::transfer_ship, dry_run)
    }

    /// Receives goods that arrived, whole or in parts, at the cost with which they left; never more
    /// than left. Requires the permission in the receiving store.
    #[mutation(permit = TransferReceive, emits(TRANSFER_RECEIVED, STOCK_CHANGED), dry_run)]
    async fn transfer_receive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Receipt of the transfer.")] input: TransferShipmentInput,
    ) -> Answer<TransferPayload> {
        step!(named lines Transfer TransferPayload, ctx, permit, input, shell::transfer_receive, dry_run)
    }

    /// Writes off what is still in transit: nothing more will arrive. Asks for the right in the receiver's store.
    #[mutation(permit = TransferReceive, emits(TRANSFER_CLOSED, STOCK_CHANGED), dry_run)]
    async fn transfer_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Transfer to close, and the reason.")] input: TransferCloseInput,
    ) -> Answer<TransferPayload> {
        step!(named TransferPayload, ctx, permit, input, shell::transfer_close, dry_run)
    }

    /// Calls off what has not left, and lets its stock go. Rights in either store will do.
    #[mutation(permit = TransferWrite, emits(TRANSFER_CANCELLED, STOCK_CHANGED), dry_run)]
    async fn transfer_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Transfer to cancel.")] input: TransferActionInput,
    ) -> Answer<TransferPayload> {
        step!(named TransferPayload, ctx, permit, input, shell::transfer_cancel, dry_run)
    }
}
