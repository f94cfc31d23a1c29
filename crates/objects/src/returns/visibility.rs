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
    returns.retain(|ret| reach.covers(ret.store));
    if let Some(channel) = permit.channel() {
        let ids: Vec<ReturnId> = returns.iter().map(|ret| ret.id).collect();
        let scope = permit.scope(ctx.given::<Ledger>()?.database());
        let own: HashSet<ReturnId> = rows::returns_of_channel(&scope, &ids, channel).await?.into_iter().collect();
        returns.retain(|ret| own.contains(&ret.id));
    }
    Ok(returns)
}
