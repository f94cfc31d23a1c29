//! Returns by id: what `node(id:)` asks for, with the permission that the type carries.

use async_graphql::Context;
use entity::prelude::*;
use iam::access::kind;

use super::{loaders::load, sales_return::Return, visibility::returns_seen};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    orders::links,
};

/// The return of an id.
pub async fn load_return(ctx: &Context<'_>, id: ReturnId) -> Answer<Option<Return>> {
    let found = load(ctx, id).await?;
    Ok(returns_seen(ctx, found.into_iter().collect()).await?.pop().map(Return::head))
}

/// Whom a return is of.
pub async fn customer_of_return(ctx: &Context<'_>, id: ReturnId) -> Answer<Option<links::Customer>> {
    ctx.permit::<kind::CustomerRead>()?;
    match load_return(ctx, id).await?.and_then(|found| found.customer_id()) {
        Some(customer) => Ok(Some(links::customer(ctx, customer).await?)),
        None => Ok(None),
    }
}
