//! Changing transfers.

use async_graphql::{Context, Object};
use iam::access::kind;
use inventory::{ledger::Mode, transfers::shell};

use super::{
    inputs::{TransferActionInput, TransferCloseInput, TransferCreateInput, TransferMoveInput, TransferUpdateInput},
    payload::TransferPayload,
};
use crate::{
    graphql::{
        context::ContextExt,
        directives::{emits, requires},
        fault::Answer,
    },
    step,
};

/// The root fields that change transfers.
#[derive(Default)]
pub struct TransfersMutation;

/// What can be done to transfers.
#[Object]
impl TransfersMutation {
    /// Asks for goods of another store, or offers them to one: a DRAFT, which holds nothing. Rights in either store will do.
    #[graphql(
        directive = requires::apply("transfer.write".to_owned()),
        directive = emits::apply(vec![inventory::transfers::events::TRANSFER_CREATED.text()])
    )]
    async fn transfer_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The transfer.")] input: TransferCreateInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<TransferPayload> {
        step!(TransferPayload, ctx, kind::TransferWrite, input, shell::transfer_create, Mode::of(validate_only))
    }

    /// Changes a DRAFT.
    #[graphql(
        directive = requires::apply("transfer.write".to_owned()),
        directive = emits::apply(vec![inventory::transfers::events::TRANSFER_UPDATED.text()])
    )]
    async fn transfer_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: TransferUpdateInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<TransferPayload> {
        step!(TransferPayload, ctx, kind::TransferWrite, input, shell::transfer_update, Mode::of(validate_only))
    }

    /// Holds the stock of a DRAFT at the sender, all of it or none. Asks for the right in the sender's store.
    #[graphql(
        directive = requires::apply("transfer.ship".to_owned()),
        directive = emits::apply(vec![
            inventory::transfers::events::TRANSFER_READY.text(),
            inventory::stock::events::STOCK_CHANGED.text(),
        ])
    )]
    async fn transfer_ready(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which transfer.")] input: TransferActionInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<TransferPayload> {
        step!(TransferPayload, ctx, kind::TransferShip, input, shell::transfer_ready, Mode::of(validate_only))
    }

    /// Sends a READY transfer off, once: stock leaves the sender and is in transit to the receiver. What stays behind is held no longer.
    /// Asks for the right in the sender's store.
    #[graphql(
        directive = requires::apply("transfer.ship".to_owned()),
        directive = emits::apply(vec![
            inventory::transfers::events::TRANSFER_SHIPPED.text(),
            inventory::stock::events::STOCK_CHANGED.text(),
        ])
    )]
    async fn transfer_ship(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What leaves.")] input: TransferMoveInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<TransferPayload> {
        step!(TransferPayload, ctx, kind::TransferShip, input, shell::transfer_ship, Mode::of(validate_only))
    }

    /// Takes in what arrived, whole or in parts, at the cost it left with; never more than left. Asks for the right in the receiver's store.
    #[graphql(
        directive = requires::apply("transfer.receive".to_owned()),
        directive = emits::apply(vec![
            inventory::transfers::events::TRANSFER_RECEIVED.text(),
            inventory::stock::events::STOCK_CHANGED.text(),
        ])
    )]
    async fn transfer_receive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What arrived.")] input: TransferMoveInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<TransferPayload> {
        step!(TransferPayload, ctx, kind::TransferReceive, input, shell::transfer_receive, Mode::of(validate_only))
    }

    /// Writes off what is still in transit: nothing more will arrive. Asks for the right in the receiver's store.
    #[graphql(
        directive = requires::apply("transfer.receive".to_owned()),
        directive = emits::apply(vec![
            inventory::transfers::events::TRANSFER_CLOSED.text(),
            inventory::stock::events::STOCK_CHANGED.text(),
        ])
    )]
    async fn transfer_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Why it is gone.")] input: TransferCloseInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<TransferPayload> {
        step!(TransferPayload, ctx, kind::TransferReceive, input, shell::transfer_close, Mode::of(validate_only))
    }

    /// Calls off what has not left, and lets its stock go. Rights in either store will do.
    #[graphql(
        directive = requires::apply("transfer.write".to_owned()),
        directive = emits::apply(vec![
            inventory::transfers::events::TRANSFER_CANCELLED.text(),
            inventory::stock::events::STOCK_CHANGED.text(),
        ])
    )]
    async fn transfer_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which transfer.")] input: TransferActionInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<TransferPayload> {
        step!(TransferPayload, ctx, kind::TransferWrite, input, shell::transfer_cancel, Mode::of(validate_only))
    }
}
