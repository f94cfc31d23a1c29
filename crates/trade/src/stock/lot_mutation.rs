//! Mutations of lots, and of stock that is set aside.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, SimpleObject, dataloader::DataLoader};
use iam::access::{Permit, kind};
use inventory::{
    ledger::{Ledger, SubmitResult},
    lots::shell,
    stock::events::{LOT_CHANGED, STOCK_CHANGED},
};
use macros::resolvers;

use super::{
    Lot, StockMovement, StockPayload,
    loaders::{MovementSeqKey, StockLoader},
    lot_inputs::{LotCreateInput, LotStatusInput, LotUpdateInput, StockMoveInput},
    mutation::stock_payload,
    receipt, visible_movement,
};
use crate::graphql::{
    context::ContextExt,
    fault::Answer,
    reading::{InputErrors, read},
    refusal::UserError,
    scalars::Long,
};

/// The answer to a change of a lot.
#[derive(SimpleObject, Default)]
#[graphql(complex)]
pub struct LotPayload {
    #[graphql(skip)]
    pub lot: Option<Lot>,
    #[graphql(skip)]
    pub movement: Option<StockMovement>,
    /// Reasons for the refusal; empty when the change was made.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the stored result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of the change; null when nothing was written.
    pub seq: Option<Long>,
}

/// The right to change lots does not include that to see stock.
#[ComplexObject]
impl LotPayload {
    /// Lot after the change. Null when the change was refused.
    async fn lot(&self, ctx: &Context<'_>) -> Option<Answer<&Lot>> {
        let lot = self.lot.as_ref()?;
        Some(ctx.permit().map(|_: Permit<kind::StockRead>| lot))
    }
    /// Movement that set the lot's stock aside or released it; null when no store has any.
    async fn movement(&self, ctx: &Context<'_>) -> Option<Answer<StockMovement>> {
        visible_movement(ctx, Some(self.movement.as_ref()?.0.clone())).transpose()
    }
}

impl LotPayload {
    fn from_errors(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

/// Takes a lot one step on.
async fn run_lot_command<'c, F: Future<Output = SubmitResult> + Send>(
    ctx: &'c Context<'_>,
    permit: Permit<kind::LotWrite>,
    input: Result<shell::LotActInput, Vec<UserError>>,
    step: impl FnOnce(&'c Ledger, Permit<kind::LotWrite>, shell::LotActInput) -> F,
) -> Answer<LotPayload> {
    let ledger = ctx.required_data::<Ledger>()?;
    let input = match input {
        Ok(input) => input,
        Err(errors) => return Ok(LotPayload::from_errors(errors)),
    };
    let lot = input.lot;
    let outcome = Box::pin(step(ledger, permit, input)).await;
    Box::pin(lot_payload(ctx, outcome, Some(lot))).await
}

#[derive(Default)]
pub struct LotMutation;

#[resolvers]
impl LotMutation {
    /// Creates a lot before any stock of it comes in. Receiving into an unknown code creates one
    /// too.
    #[mutation(permit = LotWrite, emits(LOT_CHANGED), dry_run)]
    async fn lot_create(&self, ctx: &Context<'_>, #[graphql(desc = "The lot.")] input: LotCreateInput) -> Answer<LotPayload> {
        let ledger = ctx.required_data::<Ledger>()?;
        let input = match read(|reader| input.read(reader)) {
            Ok(input) => input,
            Err(errors) => return Ok(LotPayload::from_errors(errors)),
        };
        let outcome = Box::pin(shell::lot_create(ledger, permit, input, dry_run)).await;
        Box::pin(lot_payload(ctx, outcome, None)).await
    }

    /// Changes a lot's dates and note. Its stock follows its date: expired units are set aside, others come back.
    #[mutation(permit = LotWrite, emits(LOT_CHANGED, STOCK_CHANGED), dry_run)]
    async fn lot_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Changes of the lot.")] input: LotUpdateInput,
    ) -> Answer<LotPayload> {
        run_lot_command(ctx, permit, read(|reader| input.read(reader)), |ledger, permit, input| {
            shell::lot_update(ledger, permit, input, dry_run)
        })
        .await
    }

    /// Sets a lot aside in all stores, until it is released.
    #[mutation(permit = LotWrite, emits(LOT_CHANGED, STOCK_CHANGED), dry_run)]
    async fn lot_quarantine(&self, ctx: &Context<'_>, #[graphql(desc = "The lot.")] input: LotStatusInput) -> Answer<LotPayload> {
        run_lot_command(ctx, permit, read(|reader| input.read(reader)), |ledger, permit, input| {
            shell::lot_quarantine(ledger, permit, input, dry_run)
        })
        .await
    }

    /// Releases a lot: all of its stock that was quarantined or recalled can be sold again. Damaged
    /// and expired units stay set aside, and so do customer returns that are not inspected yet.
    #[mutation(permit = LotWrite, emits(LOT_CHANGED, STOCK_CHANGED), dry_run)]
    async fn lot_release(&self, ctx: &Context<'_>, #[graphql(desc = "The lot.")] input: LotStatusInput) -> Answer<LotPayload> {
        run_lot_command(ctx, permit, read(|reader| input.read(reader)), |ledger, permit, input| {
            shell::lot_release(ledger, permit, input, dry_run)
        })
        .await
    }

    /// Calls a lot back: units that are still there are taken out of sale at once, and Lot.trace says where the rest went.
    #[mutation(permit = LotWrite, emits(LOT_CHANGED, STOCK_CHANGED), dry_run)]
    async fn lot_recall(&self, ctx: &Context<'_>, #[graphql(desc = "The lot.")] input: LotStatusInput) -> Answer<LotPayload> {
        run_lot_command(ctx, permit, read(|reader| input.read(reader)), |ledger, permit, input| {
            shell::lot_recall(ledger, permit, input, dry_run)
        })
        .await
    }

    /// Sets stock aside as quarantined or damaged, takes it back, or writes it off, all items or none. Tracked or not.
    #[mutation(permit = StockAdjust, emits(STOCK_CHANGED), dry_run)]
    async fn stock_move(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stock to move, with its condition before and after.")] input: StockMoveInput,
    ) -> Answer<StockPayload> {
        crate::convert_packs!(ctx, input);
        let ledger = ctx.required_data::<Ledger>()?;
        let input = match read(|reader: &mut InputErrors| input.read(reader)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        Box::pin(stock_payload(ctx, Box::pin(shell::stock_move(ledger, permit, input, dry_run)).await)).await
    }
}

/// `of` is the lot that the call named.
async fn lot_payload(
    ctx: &Context<'_>,
    outcome: SubmitResult,
    fallback_lot: Option<entity::prelude::LotId>,
) -> Answer<LotPayload> {
    let mut receipt = match receipt(ctx, outcome).await? {
        Ok(receipt) => receipt,
        Err(errors) => return Ok(LotPayload::from_errors(errors)),
    };
    let loader = ctx.lazy::<DataLoader<StockLoader>>()?;
    let seq = receipt.seq.map(Long);
    let stored = receipt.stored.take();
    let own_movement = receipt.take_movement();
    let id = stored.as_ref().and_then(|stored| stored.lot).or(receipt.lot).or(fallback_lot);
    let lot = match (receipt.lots.into_iter().find(|lot| Some(lot.id) == id), id) {
        (Some(lot), _) => Some(Lot::of(lot)),
        (None, Some(id)) => loader.load_one(id).await?.map(Lot),
        (None, None) => None,
    };
    let movement = match &stored {
        None => own_movement.map(|movement| StockMovement(Arc::new(movement))),
        Some(stored) => match stored.movement {
            Some(seq) => loader.load_one(MovementSeqKey(seq)).await?.map(StockMovement),
            None => None,
        },
    };
    Ok(LotPayload { lot, movement, user_errors: Vec::new(), replayed: stored.is_some(), seq })
}
