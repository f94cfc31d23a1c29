//! Setting policies, making plans, approving lines.

use async_graphql::Context;
use iam::access::kind;
use inventory::{
    ledger::Ledger,
    purchasing::events::{
        BLANKET_ORDER_UPDATED, PURCHASE_ORDER_AMENDED, PURCHASE_ORDER_APPROVED, PURCHASE_ORDER_CANCELLED, PURCHASE_ORDER_CREATED,
        PURCHASE_ORDER_ORDERED, PURCHASE_ORDER_SUBMITTED,
    },
    stock::events::STOCK_CHANGED,
    transfers::events::TRANSFER_CREATED,
};
use macros::resolvers;
use services::replenishment::{
    events::{
        REPLENISHMENT_BUDGET_SET, REPLENISHMENT_PLAN_APPROVED, REPLENISHMENT_PLAN_CREATED, REPLENISHMENT_POLICY_REMOVED,
        REPLENISHMENT_POLICY_SET, REPLENISHMENT_RULE_SET,
    },
    shell,
};

use super::{
    inputs::{
        ReplenishmentBudgetSetInput, ReplenishmentPlanApproveInput, ReplenishmentPlanCreateInput, ReplenishmentPolicyRemoveInput,
        ReplenishmentPolicySetInput, ReplenishmentRuleSetInput,
    },
    payload::{
        ReplenishmentApprovalPayload, ReplenishmentBudgetPayload, ReplenishmentPlanPayload, ReplenishmentPolicyPayload,
        ReplenishmentRulePayload, refusal_error,
    },
    plan::ReplenishmentPlan,
};
use crate::{
    graphql::{context::ContextExt, fault::Answer, reading::read, refusal::user_errors_of, scalars::Long},
    named,
};

/// The root fields that change replenishment.
#[derive(Default)]
pub struct ReplenishmentMutation;

#[resolvers]
impl ReplenishmentMutation {
    /// Creates or changes a policy of replenishment. Plans that are created from now on use it.
    #[mutation(permit = StockPolicy, emits(REPLENISHMENT_POLICY_SET), dry_run)]
    async fn replenishment_policy_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Policy.")] input: ReplenishmentPolicySetInput,
    ) -> Answer<ReplenishmentPolicyPayload> {
        named!(ctx, input, ReplenishmentPolicyPayload, {
            let ledger = ctx.required_data::<Ledger>()?;
            let input = match read(|reader| input.read(reader)) {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            let outcome = Box::pin(shell::set_policy(ledger.database(), ledger.clock(), permit, input, dry_run)).await;
            ReplenishmentPolicyPayload::of(outcome)
        })
    }

    /// Removes a policy. The next one that fits holds from now on; plans that are there stay.
    #[mutation(permit = StockPolicy, emits(REPLENISHMENT_POLICY_REMOVED), dry_run)]
    async fn replenishment_policy_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Policy.")] input: ReplenishmentPolicyRemoveInput,
    ) -> Answer<ReplenishmentPolicyPayload> {
        let ledger = ctx.required_data::<Ledger>()?;
        let input = match read(|reader| input.read(reader)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        let outcome = Box::pin(shell::remove_policy(ledger.database(), ledger.clock(), permit, input, dry_run)).await;
        ReplenishmentPolicyPayload::of(outcome)
    }

    /// Sets the rule by which lines of the plan of each night are approved without a person. Plans that are there stay with people.
    ///
    /// Requires stock.policy, and purchase.write and transfer.write, each for all stores.
    #[mutation(permit = StockPolicy, emits(REPLENISHMENT_RULE_SET), dry_run)]
    async fn replenishment_rule_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rule.")] input: ReplenishmentRuleSetInput,
    ) -> Answer<ReplenishmentRulePayload> {
        let ledger = ctx.required_data::<Ledger>()?;
        let input = match read(|reader| input.read(reader)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        let outcome = Box::pin(shell::set_rule(ledger.database(), ledger.clock(), permit, input, dry_run)).await;
        ReplenishmentRulePayload::of(outcome)
    }

    /// Sets the budget of purchases for the whole company, or one for a supplier, a category or a store: a tenant has at most 100 of those. Plans that are created
    /// from now on keep within it; earlier ones do when their lines are approved.
    ///
    /// Requires stock.policy in the store that is named, or else for all stores.
    #[mutation(permit = StockPolicy, emits(REPLENISHMENT_BUDGET_SET), dry_run)]
    async fn replenishment_budget_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Scope, amount and period.")] input: ReplenishmentBudgetSetInput,
    ) -> Answer<ReplenishmentBudgetPayload> {
        named!(ctx, input, ReplenishmentBudgetPayload, {
            let ledger = ctx.required_data::<Ledger>()?;
            let input = match read(|reader| input.read(reader)) {
                Ok(input) => input,
                Err(errors) => return Ok(errors.into()),
            };
            let outcome = Box::pin(shell::set_budget(ledger.database(), ledger.clock(), permit, input, dry_run)).await;
            ReplenishmentBudgetPayload::of(outcome)
        })
    }

    /// Creates a plan from the newest forecast, stock, drafts and policies. Open plans of the same
    /// scope become SUPERSEDED; a plan without a scope supersedes all. With validateOnly the plan
    /// is computed and returned with its lines, and not stored.
    ///
    /// Requires purchase.write; the plan in the answer is null without purchase.read.
    #[mutation(permit = PurchaseWrite, emits(REPLENISHMENT_PLAN_CREATED), dry_run, cost = "100")]
    async fn replenishment_plan_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stores, supplier and budget of the plan.")] input: ReplenishmentPlanCreateInput,
    ) -> Answer<ReplenishmentPlanPayload> {
        named!(ctx, input, ReplenishmentPlanPayload, {
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
            let plan = ReplenishmentPlan { plan: plan.into(), lines: lines.map(Into::into) };
            // A caller who may plan purchases may lack the permission to read them.
            let plan = ctx.holds::<kind::PurchaseRead>().then_some(plan);
            Ok(ReplenishmentPlanPayload { plan, user_errors: Vec::new(), replayed: acted.is_replayed, seq: acted.seq.map(Long) })
        })
    }

    /// Approves lines of a plan: purchases become drafts of purchase orders, one a supplier, store and currency, and transfers drafts of transfers, one a pair of
    /// stores; orders are amended or cancelled as CANCEL_INCOMING proposes. Each line needs purchase.write or transfer.write in its own store; a line without it
    /// stays OPEN, one whose stock has moved is REFUSED as STALE, and others go on. With isSending the purchase orders are also placed and sent.
    #[mutation(
        permit = PurchaseRead,
        emits(
            REPLENISHMENT_PLAN_APPROVED,
            PURCHASE_ORDER_CREATED,
            PURCHASE_ORDER_SUBMITTED,
            PURCHASE_ORDER_APPROVED,
            PURCHASE_ORDER_ORDERED,
            TRANSFER_CREATED,
            PURCHASE_ORDER_AMENDED,
            PURCHASE_ORDER_CANCELLED,
            BLANKET_ORDER_UPDATED,
            STOCK_CHANGED
        ),
        dry_run,
        cost = "20"
    )]
    async fn replenishment_plan_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Plan and lines.")] input: ReplenishmentPlanApproveInput,
    ) -> Answer<ReplenishmentApprovalPayload> {
        let ledger = ctx.required_data::<Ledger>()?;
        let input = match read(|reader| input.read(reader)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        let outcome = Box::pin(shell::approve_plan(ledger, permit, input, dry_run)).await;
        ReplenishmentApprovalPayload::of(ctx, outcome).await
    }
}
