//! Changing alerts, and rules for them.

use async_graphql::{Context, Object};
use iam::access::kind;
use services::alerts::{Act, Alerts, Do};

use super::{
    inputs::{AlertActionInput, AlertAssignInput, AlertRuleDeleteInput, AlertRuleUpsertInput, AlertSnoozeInput},
    payload::{AlertPayload, AlertRulePayload},
};
use crate::graphql::{
    context::ContextExt,
    directives::{emits, requires},
    fault::Answer,
    reading::{Reading, read},
};

/// The root fields that change alerts.
#[derive(Default)]
pub struct AlertMutation;

/// Takes a step that was read, unless something in its input was refused.
async fn act(ctx: &Context<'_>, step: impl FnOnce(&mut Reading) -> Act) -> Answer<AlertPayload> {
    let permit = ctx.permit::<kind::AlertWrite>()?;
    match read(step) {
        Ok(input) => AlertPayload::of(Box::pin(ctx.given::<Alerts>()?.act(permit, input)).await),
        Err(errors) => Ok(errors.into()),
    }
}

/// What can be done to alerts.
#[Object]
impl AlertMutation {
    /// Takes note of an alert.
    #[graphql(
        directive = requires::apply("alert.write".to_owned()),
        directive = emits::apply(vec![services::alerts::events::ALERT_ACKNOWLEDGED.text()])
    )]
    async fn alert_acknowledge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which alert.")] input: AlertActionInput,
    ) -> Answer<AlertPayload> {
        act(ctx, |reading| input.read(Do::Acknowledge, reading)).await
    }

    /// Puts an alert off. It is OPEN again when its time comes, unless it has got better by then.
    #[graphql(
        directive = requires::apply("alert.write".to_owned()),
        directive = emits::apply(vec![services::alerts::events::ALERT_SNOOZED.text()])
    )]
    async fn alert_snooze(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which alert, and until when.")] input: AlertSnoozeInput,
    ) -> Answer<AlertPayload> {
        act(ctx, |reading| input.read(reading)).await
    }

    /// Hands an alert to a member, or to nobody.
    #[graphql(
        directive = requires::apply("alert.write".to_owned()),
        directive = emits::apply(vec![services::alerts::events::ALERT_ASSIGNED.text()])
    )]
    async fn alert_assign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which alert, and to whom.")] input: AlertAssignInput,
    ) -> Answer<AlertPayload> {
        act(ctx, |reading| input.read(reading)).await
    }

    /// Says that nothing more is to be done about an alert. While things stay as they are there is no new one.
    #[graphql(
        directive = requires::apply("alert.write".to_owned()),
        directive = emits::apply(vec![services::alerts::events::ALERT_RESOLVED.text()])
    )]
    async fn alert_resolve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which alert.")] input: AlertActionInput,
    ) -> Answer<AlertPayload> {
        act(ctx, |reading| input.read(Do::Resolve, reading)).await
    }

    /// Sets the rule for a kind of alert, a store, and a category or product: makes it, or puts it in the place of the one that is there. It holds
    /// for lines that are crossed from now on.
    #[graphql(
        directive = requires::apply("alert_rule.write".to_owned()),
        directive = emits::apply(vec![services::alerts::events::ALERT_RULE_SET.text()])
    )]
    async fn alert_rule_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The rule.")] input: AlertRuleUpsertInput,
    ) -> Answer<AlertRulePayload> {
        let permit = ctx.permit::<kind::AlertRuleWrite>()?;
        match read(|reading| input.read(reading)) {
            Ok(input) => AlertRulePayload::of(Box::pin(ctx.given::<Alerts>()?.set_rule(permit, input)).await),
            Err(errors) => Ok(errors.into()),
        }
    }

    /// Takes a rule away. What it said holds no more; alerts that are there stay.
    #[graphql(
        directive = requires::apply("alert_rule.write".to_owned()),
        directive = emits::apply(vec![services::alerts::events::ALERT_RULE_DELETED.text()])
    )]
    async fn alert_rule_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which rule.")] input: AlertRuleDeleteInput,
    ) -> Answer<AlertRulePayload> {
        let permit = ctx.permit::<kind::AlertRuleWrite>()?;
        match read(|reading| input.read(reading)) {
            Ok(input) => AlertRulePayload::of(Box::pin(ctx.given::<Alerts>()?.remove_rule(permit, input)).await),
            Err(errors) => Ok(errors.into()),
        }
    }
}
