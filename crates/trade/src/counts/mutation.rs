//! Changing counts.

use async_graphql::Context;
use inventory::{
    counts::{
        events::{
            COUNT_CANCELLED, COUNT_COMPLETED, COUNT_CREATED, COUNT_RECORDED, COUNT_RECOUNTED, COUNT_STARTED, COUNT_SUBMITTED,
        },
        shell,
    },
    stock::events::STOCK_CHANGED,
};
use macros::resolvers;

use super::{
    inputs::{StocktakeActionInput, StocktakeCreateInput, StocktakeRecordInput, StocktakeRecountInput, StocktakeSubmitInput},
    payload::StocktakePayload,
};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    step,
    stock::ReceiptPayload,
};

/// The root fields that change counts.
#[derive(Default)]
pub struct CountsMutation;

/// Mutations of counts.
#[resolvers]
impl CountsMutation {
    /// Plans a stocktake: of everything, a category, an ABC class or a list. Its products, unless listed, are looked up when it
    /// is started: later, or in this call with `start`. All or nothing is done.
    #[mutation(permit = CountWrite, emits(COUNT_CREATED, COUNT_STARTED), was("countCreate", "2026-11-25"), dry_run)]
    async fn stocktake_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The stocktake.")] input: StocktakeCreateInput,
    ) -> Answer<StocktakePayload> {
        step!(named StocktakePayload, ctx, permit, input, shell::count_create, dry_run)
    }

    /// Starts a stocktake: every stocked product that the stocktake covers, and that has a level in the
    /// store now, gets a line.
    #[mutation(permit = CountWrite, emits(COUNT_STARTED), was("countStart", "2026-11-25"), dry_run)]
    async fn stocktake_start(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stocktake and its expected version.")] input: StocktakeActionInput,
    ) -> Answer<StocktakePayload> {
        step!(named StocktakePayload, ctx, permit, input, shell::count_start, dry_run)
    }

    /// Records quantities found, including products that are not on the list. Several callers may
    /// count at once; each attempt is kept, and the last one is valid.
    #[mutation(permit = CountRecord, emits(COUNT_RECORDED), was("countRecord", "2026-11-25"), dry_run)]
    async fn stocktake_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stocktake with the quantities found.")] input: StocktakeRecordInput,
    ) -> Answer<StocktakePayload> {
        step!(named packs StocktakePayload, ctx, permit, input, shell::count_record, dry_run)
    }

    /// Submits a stocktake for review.
    #[mutation(permit = CountRecord, emits(COUNT_SUBMITTED), was("countSubmit", "2026-11-25"), dry_run)]
    async fn stocktake_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stocktake and its expected version.")] input: StocktakeSubmitInput,
    ) -> Answer<StocktakePayload> {
        step!(named StocktakePayload, ctx, permit, input, shell::count_submit, dry_run)
    }

    /// Requests another counting of lines of a stocktake in REVIEW.
    #[mutation(permit = CountReview, emits(COUNT_RECOUNTED), was("countRecount", "2026-11-25"), dry_run)]
    async fn stocktake_recount(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stocktake and the products to count once more.")] input: StocktakeRecountInput,
    ) -> Answer<StocktakePayload> {
        step!(named StocktakePayload, ctx, permit, input, shell::count_recount, dry_run)
    }

    /// Approves a stocktake and posts it: the difference of each line, measured against the books at
    /// the time of counting, is added to the present stock, so that later movements are kept; holds
    /// give way where they must. Above the tenant's approvalLimit, members cannot approve what they
    /// counted themselves.
    #[mutation(permit = CountApprove, emits(COUNT_COMPLETED, STOCK_CHANGED), was("countApprove", "2026-11-25"), dry_run)]
    async fn stocktake_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stocktake and its expected version.")] input: StocktakeActionInput,
    ) -> Answer<StocktakePayload> {
        step!(named StocktakePayload, ctx, permit, input, shell::count_approve, dry_run)
    }

    /// Calls a stocktake off; nothing is posted.
    #[mutation(permit = CountWrite, emits(COUNT_CANCELLED), was("countCancel", "2026-11-25"), dry_run)]
    async fn stocktake_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stocktake and its expected version.")] input: StocktakeActionInput,
    ) -> Answer<StocktakePayload> {
        step!(named StocktakePayload, ctx, permit, input, shell::count_cancel, dry_run)
    }
}
