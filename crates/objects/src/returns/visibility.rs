//! Visibility of returns: a caller sees those of the stores that the permission is for, and of
//! their channel if they are bound to one.

use std::{collections::HashSet, sync::Arc};

use async_graphql::Context;
use entity::prelude::ReturnId;
use iam::access::{Permission, Permit, Reach, kind};
use inventory::{
    ledger::Ledger,
    returns::{
        core::Return,
        rows::{self, ReturnTest},
    },
};
use platform::storage::Nested;

use crate::graphql::{context::ContextExt, fault::Answer};

/// Returns that the permit is for.
pub fn returns_within<P: Permission>(permit: &Permit<P>, mut tests: Nested<Vec<ReturnTest>>) -> Nested<Vec<ReturnTest>> {
    if let Reach::Stores(stores) = permit.reach() {
        tests.own.push(ReturnTest::Store(stores.iter().map(|id| id.uuid()).collect()));
    }
    tests.own.extend(permit.channel().map(ReturnTest::Channel));
    tests
}

/// Returns those of the returns that the caller sees.
pub async fn visible_returns(ctx: &Context<'_>, mut returns: Vec<Arc<Return>>) -> Answer<Vec<Arc<Return>>> {
    let permit = ctx.permit::<kind::OrderRead>()?;
    let reach = permit.reach();
    returns.retain(|sales_return| reach.covers(sales_return.store));
    if let Some(channel) = permit.channel() {
        let ids: Vec<ReturnId> = returns.iter().map(|sales_return| sales_return.id).collect();
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let channel_returns: HashSet<ReturnId> =
            rows::filter_returns_by_channel(&scope, &ids, channel).await?.into_iter().collect();
        returns.retain(|sales_return| channel_returns.contains(&sales_return.id));
    }
    Ok(returns)
}
