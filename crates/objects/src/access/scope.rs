//! Scopes of grants and of permissions as clients see them.

use async_graphql::Context;
use entity::prelude::StoreId;
use iam::access::{Reach, core::Scope};

use super::group::find_group;
use crate::{graphql::fault::Answer, identity::StoreScope, orders::links};

/// A scope as it was entered.
pub async fn to_store_scope(ctx: &Context<'_>, scope: &Scope) -> Answer<StoreScope> {
    let groups = futures_util::future::try_join_all(scope.groups().iter().map(|id| find_group(ctx, *id))).await?;
    let all = *scope == Scope::All;
    Ok(StoreScope { all, groups: groups.into_iter().flatten().collect(), stores: stores(ctx, scope.stores()).await? })
}

/// The stores that a permission is for, one by one.
pub async fn reach_to_store_scope(ctx: &Context<'_>, reach: &Reach) -> Answer<StoreScope> {
    Ok(match reach {
        Reach::Everywhere => StoreScope { all: true, groups: Vec::new(), stores: Vec::new() },
        Reach::Stores(ids) => StoreScope { all: false, groups: Vec::new(), stores: stores(ctx, ids).await? },
    })
}

async fn stores(ctx: &Context<'_>, ids: &[StoreId]) -> Answer<Vec<crate::catalog::Store>> {
    futures_util::future::try_join_all(ids.iter().map(|store| links::store(ctx, *store))).await
}
