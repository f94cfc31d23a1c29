//! Changing orders and returns.

use async_graphql::{Context, Object};

use super::{
    inputs::{ActionInput, OrderCreateInput, OrderFulfilInput},
    payloads::{OrderPayload, ReturnPayload, ledger},
    return_inputs::ReturnCreateInput,
};
use crate::{
    access::kind,
    graphql::reading::Reading,
    graphql::{
        context::Asks,
        directives::{emits, requires},
        fault::Answer,
    },
    ledger::shell::{Mode, orders as shell},
    stock::graph::counted,
};

/// The root fields that change orders and returns.
#[derive(Default)]
pub struct OrdersMutation;

/// What can be done to orders and returns.
#[Object]
impl OrdersMutation {
    /// Places an order, accepted or refused whole: its lines, its prices and its holds.
    #[graphql(
        directive = requires::apply("order.write".to_owned()),
        directive = emits::apply(vec!["order.created".to_owned(), "stock.changed".to_owned()])
    )]
    async fn order_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.")] input: OrderCreateInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<OrderPayload> {
        let permit = ctx.permit::<kind::OrderWrite>()?;
        let mut reading = Reading::default();
        let input = input.read(&mut reading);
        let input = match reading.end(input) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = shell::order_create(ledger(ctx)?, permit.clone(), input, mode(validate_only)).await;
        OrderPayload::of(ctx, &permit.scope(ledger(ctx)?.database()), done).await
    }

    /// Confirms a DRAFT, which begins to hold its stock, or a PENDING order, which keeps it for good.
    #[graphql(
        directive = requires::apply("order.write".to_owned()),
        directive = emits::apply(vec!["order.confirmed".to_owned(), "stock.changed".to_owned()])
    )]
    async fn order_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: ActionInput,
    ) -> Answer<OrderPayload> {
        let permit = ctx.permit::<kind::OrderWrite>()?;
        let input = match read(input) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = shell::order_confirm(ledger(ctx)?, permit.clone(), input).await;
        OrderPayload::of(ctx, &permit.scope(ledger(ctx)?.database()), done).await
    }

    /// Ships an order, whole or in parts, from its store or another one.
    #[graphql(
        directive = requires::apply("order.fulfil".to_owned()),
        directive = emits::apply(vec!["order.fulfilled".to_owned(), "stock.changed".to_owned()])
    )]
    async fn order_fulfil(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What leaves.")] input: OrderFulfilInput,
    ) -> Answer<OrderPayload> {
        let permit = ctx.permit::<kind::OrderFulfil>()?;
        let mut reading = Reading::default();
        let input = input.read(&mut reading);
        let input = match reading.end(input) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = shell::order_fulfil(ledger(ctx)?, permit.clone(), input).await;
        OrderPayload::of(ctx, &permit.scope(ledger(ctx)?.database()), done).await
    }

    /// Cancels what has not left, and lets its stock go.
    #[graphql(
        directive = requires::apply("order.cancel".to_owned()),
        directive = emits::apply(vec!["order.cancelled".to_owned(), "stock.changed".to_owned()])
    )]
    async fn order_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: ActionInput,
    ) -> Answer<OrderPayload> {
        let permit = ctx.permit::<kind::OrderCancel>()?;
        let input = match read(input) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = shell::order_cancel(ledger(ctx)?, permit.clone(), input).await;
        OrderPayload::of(ctx, &permit.scope(ledger(ctx)?.database()), done).await
    }

    /// Files a FULFILLED order.
    #[graphql(
        directive = requires::apply("order.write".to_owned()),
        directive = emits::apply(vec!["order.closed".to_owned()])
    )]
    async fn order_close(&self, ctx: &Context<'_>, #[graphql(desc = "Which order.")] input: ActionInput) -> Answer<OrderPayload> {
        let permit = ctx.permit::<kind::OrderWrite>()?;
        let input = match read(input) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = shell::order_close(ledger(ctx)?, permit.clone(), input).await;
        OrderPayload::of(ctx, &permit.scope(ledger(ctx)?.database()), done).await
    }

    /// Takes goods back, or notes that somebody wants to give them back.
    #[graphql(
        directive = requires::apply("order.return".to_owned()),
        directive = emits::apply(vec!["return.created".to_owned(), "stock.changed".to_owned()])
    )]
    async fn return_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The return.")] input: ReturnCreateInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<ReturnPayload> {
        let permit = ctx.permit::<kind::OrderReturn>()?;
        let mut reading = Reading::default();
        let input = input.read(&mut reading);
        let input = match reading.end(input) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = shell::return_create(ledger(ctx)?, permit.clone(), input, mode(validate_only)).await;
        ReturnPayload::of(ctx, &permit.scope(ledger(ctx)?.database()), done).await
    }
}

fn mode(validate_only: bool) -> Mode {
    if validate_only { Mode::Validate } else { Mode::Commit }
}

fn read(input: ActionInput) -> Result<shell::OrderAct, Vec<crate::graphql::refusal::UserError>> {
    let mut reading = Reading::default();
    let input = input.read(&mut reading);
    reading.end(input)
}
