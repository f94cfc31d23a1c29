//! Setting criteria, making plans, approving lines and following them.

use async_graphql::Context;
use iam::access::kind;
use inventory::{
    catalog::{
        Catalog,
        events::{PRODUCT_CREATED, PRODUCT_UPDATED},
    },
    ledger::Ledger,
    purchasing::events::SUPPLIER_RETURN_CREATED,
    stock::events::STOCK_CHANGED,
    transfers::events::TRANSFER_CREATED,
};
use macros::resolvers;
use services::{
    insight::rows::default_currency,
    liquidation::{
        events::{
            LIQUIDATION_PLAN_ADVANCED, LIQUIDATION_PLAN_APPROVED, LIQUIDATION_PLAN_CREATED, LIQUIDATION_PLAN_EXECUTED,
            LIQUIDATION_SETTINGS_SET,
        },
        shell::{self, Rooms},
    },
};

use super::{
    inputs::{LiquidationPlanAdvanceInput, LiquidationPlanApproveInput, LiquidationPlanCreateInput, LiquidationSettingsSetInput},
    payload::{
        LiquidationAdvancePayload, LiquidationApprovalPayload, LiquidationPlanPayload, LiquidationSettingsPayload, refusal_error,
    },
    plan::LiquidationPlan,
    settings::LiquidationSettings,
};
use crate::{
    graphql::{context::ContextExt, fault::Answer, reading::read, refusal::user_errors_of, scalars::Long},
    named,
};

/// The root fields that change liquidation.
#[derive(Default)]
pub struct LiquidationMutation;

#[resolvers]
impl LiquidationMutation {
    /// Sets all criteria of dead and slow stock. They hold for what is asked and planned from now on.
    #[mutation(permit = StockPolicy, emits(LIQUIDATION_SETTINGS_SET), dry_run)]
    async fn liquidation_settings_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Criteria.")] input: LiquidationSettingsSetInput,
    ) -> Answer<LiquidationSettingsPayload> {
        named!(ctx, input, LiquidationSettingsPayload, {
            let ledger = ctx.required_data::<Ledger>()?;
            let currency = default_currency(&permit.scope(ledger.database())).await?;
            let input = match read(|reader| input.read(reader, currency)) {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            let acted = match Box::pin(shell::set_settings(ledger.database(), ledger.clock(), permit, input, dry_run)).await {
                Ok(acted) => acted,
                Err(error) => return Ok(user_errors_of(error, refusal_error)?.into()),
            };
            // A caller who may set the criteria may lack the permission to read reports.
            let settings = ctx.holds::<kind::ReportRead>().then(|| LiquidationSettings::new(acted.value, currency));
            Ok(LiquidationSettingsPayload {
                settings,
                user_errors: Vec::new(),
                replayed: acted.is_replayed,
                seq: acted.seq.map(Long),
            })
        })
    }

    /// Creates a plan of the best action for each product and store. Drafts of the same stores become SUPERSEDED; a plan for all stores takes the place of all
    /// drafts. With validateOnly the plan is computed and returned with its lines, and not stored.
    ///
    /// Requires purchase.write; the plan in the answer is null without purchase.read.
    #[mutation(permit = PurchaseWrite, emits(LIQUIDATION_PLAN_CREATED), dry_run, cost = "100")]
    async fn liquidation_plan_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stores and actions of the plan.")] input: LiquidationPlanCreateInput,
    ) -> Answer<LiquidationPlanPayload> {
        named!(ctx, input, LiquidationPlanPayload, {
            let ledger = ctx.required_data::<Ledger>()?;
            let input = match read(|reader| input.read(reader)) {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            let acted = match Box::pin(shell::create_plan(ledger, permit, input, dry_run)).await {
                Ok(acted) => acted,
                Err(error) => return Ok(user_errors_of(error, refusal_error)?.into()),
            };
            let shell::CreatedPlan { plan, lines } = acted.value;
            let plan = LiquidationPlan::new(plan, lines);
            // A caller who may plan purchases may lack the permission to read them.
            let plan = ctx.holds::<kind::PurchaseRead>().then_some(plan);
            Ok(LiquidationPlanPayload { plan, user_errors: Vec::new(), replayed: acted.is_replayed, seq: acted.seq.map(Long) })
        })
    }

    /// Approves lines of a plan: transfers become drafts, returns take goods out of stock for their supplier, write-offs remove them, bundles become drafts of kits,
    /// and markdowns set the first price. A line needs transfer.write, purchase.receive or stock.adjust in its store, and a bundle or markdown product.write; a line
    /// without it stays PROPOSED, one with fewer free units is REFUSED as STALE, and others go on.
    #[mutation(
        permit = PurchaseRead,
        emits(
            LIQUIDATION_PLAN_APPROVED,
            LIQUIDATION_PLAN_EXECUTED,
            TRANSFER_CREATED,
            SUPPLIER_RETURN_CREATED,
            STOCK_CHANGED,
            PRODUCT_CREATED,
            PRODUCT_UPDATED
        ),
        dry_run,
        cost = "20"
    )]
    async fn liquidation_plan_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Plan and lines.")] input: LiquidationPlanApproveInput,
    ) -> Answer<LiquidationApprovalPayload> {
        let rooms = Rooms { ledger: ctx.required_data::<Ledger>()?, catalog: ctx.required_data::<Catalog>()? };
        let input = match read(|reader| input.read(reader)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        let outcome = Box::pin(shell::approve_plan(rooms, permit, input, dry_run)).await;
        LiquidationApprovalPayload::of(ctx, outcome).await
    }

    /// Follows a plan that is under way: prices go down to the step whose day has come, unless the units sell out without it, and lines whose last day is over are
    /// done. Steps that were missed are not made up for one by one. A price is never raised.
    /// With `isAutomatic` a job goes on doing so each night.
    #[mutation(permit = PurchaseRead, emits(LIQUIDATION_PLAN_ADVANCED, LIQUIDATION_PLAN_EXECUTED, PRODUCT_UPDATED), dry_run, cost = "20")]
    async fn liquidation_plan_advance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Plan.")] input: LiquidationPlanAdvanceInput,
    ) -> Answer<LiquidationAdvancePayload> {
        let rooms = Rooms { ledger: ctx.required_data::<Ledger>()?, catalog: ctx.required_data::<Catalog>()? };
        let input = match read(|reader| input.read(reader)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        let outcome = Box::pin(shell::advance_plan(rooms, permit, input, dry_run)).await;
        LiquidationAdvancePayload::of(ctx, outcome).await
    }
}
