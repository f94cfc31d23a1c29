//! Changing transfers.

use async_graphql::{Context, Object};

use super::{
    inputs::{TransferActionInput, TransferCloseInput, TransferCreateInput, TransferMoveInput, TransferUpdateInput},
    payload::TransferPayload,
};
use crate::{
    access::kind,
    graphql::{
        context::Asks,
        directives::{emits, requires},
        fault::Answer,
        reading::Reading,
    },
    ledger::{
        Ledger,
        shell::{Mode, transfers as shell},
    },
    stock::graph::counted,
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
        directive = emits::apply(vec!["transfer.created".to_owned()])
    )]
    async fn transfer_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The transfer.")] input: TransferCreateInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<TransferPayload> {
        let permit = ctx.permit::<kind::TransferWrite>()?;
        let mut reading = Reading::default();
        let input = input.read(&mut reading);
        let input = match reading.end(input) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let ledger = ctx.given::<Ledger>()?;
        let done = Box::pin(shell::transfer_create(ledger, permit.clone(), input, mode(validate_only))).await;
        TransferPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }

    /// Changes a DRAFT.
    #[graphql(
        directive = requires::apply("transfer.write".to_owned()),
        directive = emits::apply(vec!["transfer.updated".to_owned()])
    )]
    async fn transfer_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: TransferUpdateInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<TransferPayload> {
        let permit = ctx.permit::<kind::TransferWrite>()?;
        let mut reading = Reading::default();
        let input = input.read(&mut reading);
        let input = match reading.end(input) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let ledger = ctx.given::<Ledger>()?;
        let done = Box::pin(shell::transfer_update(ledger, permit.clone(), input, mode(validate_only))).await;
        TransferPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }

    /// Holds the stock of a DRAFT at the sender, all of it or none. Asks for the right in the sender's store.
    #[graphql(
        directive = requires::apply("transfer.ship".to_owned()),
        directive = emits::apply(vec!["transfer.ready".to_owned(), "stock.changed".to_owned()])
    )]
    async fn transfer_ready(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which transfer.")] input: TransferActionInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<TransferPayload> {
        let permit = ctx.permit::<kind::TransferShip>()?;
        let mut reading = Reading::default();
        let input = input.read(&mut reading);
        let input = match reading.end(input) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let ledger = ctx.given::<Ledger>()?;
        let done = Box::pin(shell::transfer_ready(ledger, permit.clone(), input, mode(validate_only))).await;
        TransferPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }

    /// Sends a READY transfer off, once: stock leaves the sender and is in transit to the receiver. What stays behind is held no longer.
    /// Asks for the right in the sender's store.
    #[graphql(
        directive = requires::apply("transfer.ship".to_owned()),
        directive = emits::apply(vec!["transfer.shipped".to_owned(), "stock.changed".to_owned()])
    )]
    async fn transfer_ship(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What leaves.")] input: TransferMoveInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<TransferPayload> {
        let permit = ctx.permit::<kind::TransferShip>()?;
        let mut reading = Reading::default();
        let input = input.read(&mut reading);
        let input = match reading.end(input) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let ledger = ctx.given::<Ledger>()?;
        let done = Box::pin(shell::transfer_ship(ledger, permit.clone(), input, mode(validate_only))).await;
        TransferPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }

    /// Takes in what arrived, whole or in parts, at the cost it left with; never more than left. Asks for the right in the receiver's store.
    #[graphql(
        directive = requires::apply("transfer.receive".to_owned()),
        directive = emits::apply(vec!["transfer.received".to_owned(), "stock.changed".to_owned()])
    )]
    async fn transfer_receive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What arrived.")] input: TransferMoveInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<TransferPayload> {
        let permit = ctx.permit::<kind::TransferReceive>()?;
        let mut reading = Reading::default();
        let input = input.read(&mut reading);
        let input = match reading.end(input) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let ledger = ctx.given::<Ledger>()?;
        let done = Box::pin(shell::transfer_receive(ledger, permit.clone(), input, mode(validate_only))).await;
        TransferPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }

    /// Writes off what is still in transit: nothing more will arrive. Asks for the right in the receiver's store.
    #[graphql(
        directive = requires::apply("transfer.receive".to_owned()),
        directive = emits::apply(vec!["transfer.closed".to_owned(), "stock.changed".to_owned()])
    )]
    async fn transfer_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Why it is gone.")] input: TransferCloseInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<TransferPayload> {
        let permit = ctx.permit::<kind::TransferReceive>()?;
        let mut reading = Reading::default();
        let input = input.read(&mut reading);
        let input = match reading.end(input) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let ledger = ctx.given::<Ledger>()?;
        let done = Box::pin(shell::transfer_close(ledger, permit.clone(), input, mode(validate_only))).await;
        TransferPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }

    /// Calls off what has not left, and lets its stock go. Rights in either store will do.
    #[graphql(
        directive = requires::apply("transfer.write".to_owned()),
        directive = emits::apply(vec!["transfer.cancelled".to_owned(), "stock.changed".to_owned()])
    )]
    async fn transfer_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which transfer.")] input: TransferActionInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<TransferPayload> {
        let permit = ctx.permit::<kind::TransferWrite>()?;
        let mut reading = Reading::default();
        let input = input.read(&mut reading);
        let input = match reading.end(input) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let ledger = ctx.given::<Ledger>()?;
        let done = Box::pin(shell::transfer_cancel(ledger, permit.clone(), input, mode(validate_only))).await;
        TransferPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }
}

fn mode(validate_only: bool) -> Mode {
    if validate_only { Mode::Validate } else { Mode::Commit }
}
