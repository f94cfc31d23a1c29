//! Changing alerts, and rules for them.

use async_graphql::Context;
use iam::access::{Permit, kind};
use macros::resolvers;
use services::alerts::{
    ActionRequest, Alerts, RequestedAction,
    events::{ALERT_ACKNOWLEDGED, ALERT_ASSIGNED, ALERT_RESOLVED, ALERT_RULE_DELETED, ALERT_RULE_SET, ALERT_SNOOZED},
};

use super::{
    inputs::{AlertActionInput, AlertAssignInput, AlertRuleDeleteInput, AlertRuleUpsertInput, AlertSnoozeInput},
    payload::{AlertPayload, AlertRulePayload},
};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        reading::{InputErrors, read},
    },
    named,
};

/// The root fields that change alerts.
#[derive(Default)]
pub struct AlertMutation;

/// Takes a step that was read, unless something in its input was refused.
async fn apply_action(
    ctx: &Context<'_>,
    permit: Permit<kind::AlertWrite>,
    step: impl FnOnce(&mut InputErrors) -> ActionRequest,
) -> Answer<AlertPayload> {
    match read(step) {
        Ok(input) => AlertPayload::of(Box::pin(ctx.required_data::<Alerts>()?.take_action(permit, input)).await),
        Err(errors) => Ok(errors.into()),
    }
}

/// Mutations of alerts.
#[resolvers]
impl AlertMutation {
    /// Acknowledges an alert.
    #[mutation(permit = AlertWrite, emits(ALERT_ACKNOWLEDGED), dry_run(rolled_back))]
    async fn alert_acknowledge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Alert and its expected version.")] input: AlertActionInput,
    ) -> Answer<AlertPayload> {
        apply_action(ctx, permit, |reader| input.read(RequestedAction::Acknowledge, reader)).await
    }

    /// Snoozes an alert. It is OPEN again after the given time, unless its condition has ended by
    /// then.
    #[mutation(permit = AlertWrite, emits(ALERT_SNOOZED), dry_run(rolled_back))]
    async fn alert_snooze(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Alert to snooze, with the time at which it opens again.")] input: AlertSnoozeInput,
    ) -> Answer<AlertPayload> {
        apply_action(ctx, permit, |reader| input.read(reader)).await
    }

    /// Assigns an alert to a member, or removes the assignment.
    #[mutation(permit = AlertWrite, emits(ALERT_ASSIGNED), dry_run(rolled_back))]
    async fn alert_assign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Alert to assign, with the member.")] input: AlertAssignInput,
    ) -> Answer<AlertPayload> {
        named!(ctx, input, AlertPayload, apply_action(ctx, permit, |reader| input.read(reader)).await)
    }

    /// Resolves an alert. No new alert is opened while the condition persists.
    #[mutation(permit = AlertWrite, emits(ALERT_RESOLVED), dry_run(rolled_back))]
    async fn alert_resolve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Alert and its expected version.")] input: AlertActionInput,
    ) -> Answer<AlertPayload> {
        apply_action(ctx, permit, |reader| input.read(RequestedAction::Resolve, reader)).await
    }

    /// Sets the rule for a kind of alert, a store, and a category or product: makes it, or puts it in the place of the one that is there. It holds
    /// for lines that are crossed from now on.
    #[mutation(permit = AlertRuleWrite, emits(ALERT_RULE_SET), dry_run(rolled_back))]
    async fn alert_rule_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The rule.")] input: AlertRuleUpsertInput,
    ) -> Answer<AlertRulePayload> {
        named!(
            ctx,
            input,
            AlertRulePayload,
            match read(|reader| input.read(reader)) {
                Ok(input) => AlertRulePayload::of(Box::pin(ctx.required_data::<Alerts>()?.set_rule(permit, input)).await),
                Err(errors) => Ok(errors.into()),
            }
        )
    }

    /// Deletes a rule. Its settings no longer apply; open alerts stay.
    #[mutation(permit = AlertRuleWrite, emits(ALERT_RULE_DELETED), dry_run(rolled_back))]
    async fn alert_rule_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rule to delete.")] input: AlertRuleDeleteInput,
    ) -> Answer<AlertRulePayload> {
        match read(|reader| input.read(reader)) {
            Ok(input) => AlertRulePayload::of(Box::pin(ctx.required_data::<Alerts>()?.remove_rule(permit, input)).await),
            Err(errors) => Ok(errors.into()),
        }
    }
}
