//! Documents and their lines by ID, for `node(id:)` and streams. Each needs the permission that its
//! type requires.

use async_graphql::Context;
use entity::prelude::*;
use iam::access::kind;
use inventory::orders::rows;

use super::{
    fulfilment::Fulfilment,
    line::OrderLine,
    loaders::{OrderFulfilmentsKey, load},
    order::Order,
    payload::ledger,
};
use crate::graphql::{context::ContextExt, fault::Answer};

/// The order of an id, with its lines; None when the caller has none.
pub async fn load_visible_order(ctx: &Context<'_>, id: OrderId) -> Answer<Option<Order>> {
    let permit = ctx.permit::<kind::OrderRead>()?;
    Ok(load(ctx, id).await?.filter(|order| permit.covers_document(order.store, order.channel)).map(Order::with_loaded_lines))
}

/// The order of an id, with its lines.
pub async fn find_order(ctx: &Context<'_>, id: OrderId) -> Answer<Option<Order>> {
    ctx.permit::<kind::OrderRead>()?;
    load_visible_order(ctx, id).await
}

/// The order's line of an id.
pub async fn find_order_line(ctx: &Context<'_>, id: OrderLineId) -> Answer<Option<OrderLine>> {
    let order = load_visible_order(ctx, id.split_line::<entity::id::kind::OrderId>().0).await?;
    Ok(order.and_then(|order| OrderLine::find(order.shared_row(), id)))
}

/// The fulfilment of an id.
pub async fn find_fulfilment(ctx: &Context<'_>, id: FulfilmentId) -> Answer<Option<Fulfilment>> {
    let scope = ctx.permit::<kind::OrderRead>()?.scope(ledger(ctx)?.database());
    let Some(row) = rows::fulfilment(&scope, id).await? else { return Ok(None) };
    // A fulfilment is as visible as its order, whatever store it leaves from.
    let visible_order = load_visible_order(ctx, row.order).await?;
    Ok(visible_order.map(|_| Fulfilment::new(std::sync::Arc::new(vec![row]), 0)))
}

/// The IDs of an order's fulfilments that the caller sees, the oldest first.
pub async fn fulfilments_of_order(ctx: &Context<'_>, order: OrderId) -> Answer<Vec<FulfilmentId>> {
    let fulfilments = load(ctx, OrderFulfilmentsKey(order)).await?.unwrap_or_default();
    Ok(fulfilments.iter().map(|fulfilment| fulfilment.id).collect())
}
