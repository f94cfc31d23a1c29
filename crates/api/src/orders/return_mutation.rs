//! The steps of returns.

use async_graphql::{Context, Object};
use iam::access::kind;
use inventory::orders::shell;

use super::{
    payloads::ReturnPayload,
    return_step_inputs::{ReturnActionInput, ReturnCloseInput, ReturnInspectInput, ReturnReceiveInput, ReturnRejectInput},
};
use crate::{
    graphql::{
        context::ContextExt,
        directives::{emits, requires},
        fault::Answer,
    },
    step,
};

/// The root fields that take a return on.
#[derive(Default)]
pub struct ReturnsMutation;

/// What can be done to a return that was asked for.
#[Object]
impl ReturnsMutation {
    /// Lets the goods of a REQUESTED return come.
    #[graphql(
        directive = requires::apply("return.approve".to_owned()),
        directive = emits::apply(vec![inventory::orders::events::RETURN_APPROVED.text()])
    )]
    async fn return_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which return.")] input: ReturnActionInput,
    ) -> Answer<ReturnPayload> {
        step!(ReturnPayload, ctx, kind::ReturnApprove, input, shell::return_approve)
    }

    /// Says why the goods of a return may not come, or no longer; what was asked back can be asked back again.
    #[graphql(
        directive = requires::apply("return.approve".to_owned()),
        directive = emits::apply(vec![inventory::orders::events::RETURN_REJECTED.text(), inventory::orders::events::ORDER_UPDATED.text()])
    )]
    async fn return_reject(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which return, and why.")] input: ReturnRejectInput,
    ) -> Answer<ReturnPayload> {
        step!(ReturnPayload, ctx, kind::ReturnApprove, input, shell::return_reject)
    }

    /// Takes goods of an approved return in, whole or in parts. They lie in quarantine until somebody has looked at them.
    #[graphql(
        directive = requires::apply("order.return".to_owned()),
        directive = emits::apply(vec![
            inventory::orders::events::RETURN_RECEIVED.text(),
            inventory::orders::events::ORDER_UPDATED.text(),
            inventory::stock::events::STOCK_CHANGED.text(),
        ])
    )]
    async fn return_receive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What comes.")] input: ReturnReceiveInput,
    ) -> Answer<ReturnPayload> {
        step!(ReturnPayload, ctx, kind::OrderReturn, input, shell::return_receive)
    }

    /// Says what was found: what can be sold again, what stays aside, what is written off. INSPECTED once all that came was looked at.
    #[graphql(
        directive = requires::apply("order.return".to_owned()),
        directive = emits::apply(vec![inventory::orders::events::RETURN_INSPECTED.text(), inventory::stock::events::STOCK_CHANGED.text()])
    )]
    async fn return_inspect(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What was found.")] input: ReturnInspectInput,
    ) -> Answer<ReturnPayload> {
        step!(ReturnPayload, ctx, kind::OrderReturn, input, shell::return_inspect)
    }

    /// Files an INSPECTED return with what is given back.
    #[graphql(
        directive = requires::apply("return.approve".to_owned()),
        directive = emits::apply(vec![inventory::orders::events::RETURN_CLOSED.text()])
    )]
    async fn return_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which return, and what is given back.")] input: ReturnCloseInput,
    ) -> Answer<ReturnPayload> {
        step!(ReturnPayload, ctx, kind::ReturnApprove, input, shell::return_close)
    }
}
