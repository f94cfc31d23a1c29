//! The steps of a purchase order.

use async_graphql::{Context, Object};

use super::{
    inputs::{PurchaseOrderActionInput, PurchaseOrderCreateInput, PurchaseOrderReceiveInput, PurchaseOrderUpdateInput},
    payloads::PurchaseOrderPayload,
};
use crate::{
    access::kind,
    graphql::{
        context::Asks,
        directives::{emits, requires},
        fault::Answer,
        reading::Reading,
        refusal::UserError,
    },
    ledger::{
        Ledger,
        shell::{Mode, purchasing as shell},
    },
    stock::graph::counted,
};

/// The root fields that change purchase orders.
#[derive(Default)]
pub struct PurchaseMutation;

pub(super) fn mode(validate_only: bool) -> Mode {
    if validate_only { Mode::Validate } else { Mode::Commit }
}

/// An input that was read, or what is wrong with it.
pub(super) fn read<T>(read: impl FnOnce(&mut Reading) -> T) -> Result<T, Vec<UserError>> {
    let mut reading = Reading::default();
    let input = read(&mut reading);
    reading.end(input)
}

/// What can be done to purchase orders.
#[Object]
impl PurchaseMutation {
    /// Writes a purchase order, as a DRAFT.
    #[graphql(
        directive = requires::apply("purchase.write".to_owned()),
        directive = emits::apply(vec!["purchase_order.created".to_owned()])
    )]
    async fn purchase_order_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.")] input: PurchaseOrderCreateInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<PurchaseOrderPayload> {
        let (permit, ledger) = (ctx.permit::<kind::PurchaseWrite>()?, ctx.given::<Ledger>()?);
        let input = match read(|reading| input.read(reading)) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = Box::pin(shell::purchase_order_create(ledger, permit.clone(), input, mode(validate_only))).await;
        PurchaseOrderPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }

    /// Changes a DRAFT, or a REJECTED order, which is a DRAFT then.
    #[graphql(
        directive = requires::apply("purchase.write".to_owned()),
        directive = emits::apply(vec!["purchase_order.updated".to_owned()])
    )]
    async fn purchase_order_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: PurchaseOrderUpdateInput,
    ) -> Answer<PurchaseOrderPayload> {
        let (permit, ledger) = (ctx.permit::<kind::PurchaseWrite>()?, ctx.given::<Ledger>()?);
        let input = match read(|reading| input.read(reading)) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = Box::pin(shell::purchase_order_update(ledger, permit.clone(), input)).await;
        PurchaseOrderPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }

    /// Counts a delivery in, whole or in part: stock comes at what it cost with its share of the charges, and what is otherwise than ordered is noted.
    #[graphql(
        directive = requires::apply("purchase.receive".to_owned()),
        directive = emits::apply(vec!["purchase_order.received".to_owned(), "stock.changed".to_owned()])
    )]
    async fn purchase_order_receive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What came.")] input: PurchaseOrderReceiveInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<PurchaseOrderPayload> {
        let (permit, ledger) = (ctx.permit::<kind::PurchaseReceive>()?, ctx.given::<Ledger>()?);
        let input = match read(|reading| input.read(reading)) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = Box::pin(shell::purchase_order_receive(ledger, permit.clone(), input, mode(validate_only))).await;
        PurchaseOrderPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }

    /// Asks for the approval of a DRAFT.
    #[graphql(
        directive = requires::apply("purchase.write".to_owned()),
        directive = emits::apply(vec!["purchase_order.submitted".to_owned()])
    )]
    async fn purchase_order_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        let (permit, ledger) = (ctx.permit::<kind::PurchaseWrite>()?, ctx.given::<Ledger>()?);
        let input = match read(|reading| input.read(reading)) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = Box::pin(shell::purchase_order_submit(ledger, permit.clone(), input)).await;
        PurchaseOrderPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }

    /// Approves an order. Above the tenant's approval limit somebody else than who wrote it or asked for it does; a key never does.
    #[graphql(
        directive = requires::apply("purchase.approve".to_owned()),
        directive = emits::apply(vec!["purchase_order.approved".to_owned()])
    )]
    async fn purchase_order_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        let (permit, ledger) = (ctx.permit::<kind::PurchaseApprove>()?, ctx.given::<Ledger>()?);
        let input = match read(|reading| input.read(reading)) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = Box::pin(shell::purchase_order_approve(ledger, permit.clone(), input)).await;
        PurchaseOrderPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }

    /// Rejects an order; it can be changed, and asked for again.
    #[graphql(
        directive = requires::apply("purchase.approve".to_owned()),
        directive = emits::apply(vec!["purchase_order.rejected".to_owned()])
    )]
    async fn purchase_order_reject(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        let (permit, ledger) = (ctx.permit::<kind::PurchaseApprove>()?, ctx.given::<Ledger>()?);
        let input = match read(|reading| input.read(reading)) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = Box::pin(shell::purchase_order_reject(ledger, permit.clone(), input)).await;
        PurchaseOrderPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }

    /// Notes that an APPROVED order has gone to the supplier: what is open is incoming from now on.
    #[graphql(
        directive = requires::apply("purchase.write".to_owned()),
        directive = emits::apply(vec!["purchase_order.ordered".to_owned(), "stock.changed".to_owned()])
    )]
    async fn purchase_order_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        let (permit, ledger) = (ctx.permit::<kind::PurchaseWrite>()?, ctx.given::<Ledger>()?);
        let input = match read(|reading| input.read(reading)) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = Box::pin(shell::purchase_order_order(ledger, permit.clone(), input)).await;
        PurchaseOrderPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }

    /// Files an order. What has not come is short, and is not incoming any more.
    #[graphql(
        directive = requires::apply("purchase.write".to_owned()),
        directive = emits::apply(vec!["purchase_order.closed".to_owned(), "stock.changed".to_owned()])
    )]
    async fn purchase_order_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        let (permit, ledger) = (ctx.permit::<kind::PurchaseWrite>()?, ctx.given::<Ledger>()?);
        let input = match read(|reading| input.read(reading)) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = Box::pin(shell::purchase_order_close(ledger, permit.clone(), input)).await;
        PurchaseOrderPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }

    /// Gives an order up before anything has come; what was incoming is so no longer.
    #[graphql(
        directive = requires::apply("purchase.write".to_owned()),
        directive = emits::apply(vec!["purchase_order.cancelled".to_owned(), "stock.changed".to_owned()])
    )]
    async fn purchase_order_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        let (permit, ledger) = (ctx.permit::<kind::PurchaseWrite>()?, ctx.given::<Ledger>()?);
        let input = match read(|reading| input.read(reading)) {
            Ok(input) => input,
            Err(errors) => return Ok(counted(ctx, errors).into()),
        };
        let done = Box::pin(shell::purchase_order_cancel(ledger, permit.clone(), input)).await;
        PurchaseOrderPayload::of(ctx, &permit.scope(ledger.database()), done).await
    }
}
