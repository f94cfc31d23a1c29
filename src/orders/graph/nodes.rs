//! Documents and their lines by id: what `node(id:)` and streams ask for. Each wants the permission that its type carries.

use async_graphql::Context;
use entity::prelude::*;

use super::{
    fulfilment::Fulfilment,
    line::OrderLine,
    loaders::{LinesOf, load},
    order::Order,
    payloads::ledger,
    query::whole,
    returns::{Return, ReturnLine},
};
use crate::{
    access::kind,
    graphql::{context::Asks, fault::Answer},
    orders::rows,
};

/// The order of an id, with its lines.
pub async fn order(ctx: &Context<'_>, id: OrderId) -> Answer<Option<Order>> {
    ctx.permit::<kind::OrderRead>()?;
    whole(ctx, id).await
}

/// The order's line of an id.
pub async fn order_line(ctx: &Context<'_>, id: OrderLineId) -> Answer<Option<OrderLine>> {
    ctx.permit::<kind::OrderRead>()?;
    let order = load(ctx, id.split_line::<entity::id::kind::OrderId>().0).await?;
    Ok(order.and_then(|order| OrderLine::find(order, id)))
}

/// The fulfilment of an id.
pub async fn fulfilment(ctx: &Context<'_>, id: FulfilmentId) -> Answer<Option<Fulfilment>> {
    let scope = ctx.permit::<kind::OrderRead>()?.scope(ledger(ctx)?.database());
    let found = rows::fulfilment(&scope, id).await?;
    Ok(found.map(|one| Fulfilment::new(std::sync::Arc::new(vec![one]), 0)))
}

/// The return of an id.
pub async fn ret(ctx: &Context<'_>, id: ReturnId) -> Answer<Option<Return>> {
    ctx.permit::<kind::OrderRead>()?;
    Ok(load(ctx, id).await?.map(Return::head))
}

/// The return's line of an id.
pub async fn return_line(ctx: &Context<'_>, id: ReturnLineId) -> Answer<Option<ReturnLine>> {
    ctx.permit::<kind::OrderRead>()?;
    let lines = load(ctx, LinesOf(id.split_line::<entity::id::kind::ReturnId>().0)).await?;
    Ok(lines.and_then(|lines| ReturnLine::find(lines, id)))
}
