//! Returns by ID for `node(id:)`, with the permission that the type requires.

use async_graphql::Context;
use entity::prelude::*;
use iam::access::kind;

use super::{loaders::load, sales_return::Return, visibility::visible_returns};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    orders::links,
};

/// The return of an id.
pub async fn load_return(ctx: &Context<'_>, id: ReturnId) -> Answer<Option<Return>> {
    let row = load(ctx, id).await?;
    Ok(visible_returns(ctx, row.into_iter().collect()).await?.pop().map(Return::head))
}

/// The customer of a return.
pub async fn customer_of_return(ctx: &Context<'_>, id: ReturnId) -> Answer<Option<links::Customer>> {
    ctx.permit::<kind::CustomerRead>()?;
    match load_return(ctx, id).await?.and_then(|sales_return| sales_return.customer_id()) {
        Some(customer) => Ok(Some(links::customer(ctx, customer).await?)),
        None => Ok(None),
    }
}
