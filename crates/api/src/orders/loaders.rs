//! What a request's resolvers ask for together is read together. Loaders live as long as their request and keep nothing, so that a
//! second mutation of one request sees what the first one wrote.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{
    Context, Request,
    dataloader::{DataLoader, Loader},
};
use entity::prelude::*;
use inventory::orders::{
    core::{Fulfilment, Order, Return, ReturnLine},
    rows::{self, Flag, Held},
};
use platform::storage::{Fault, TenantScope};

use crate::graphql::{context::ContextExt, fault::Answer, immediate_loader::grouped, lazy::Lazy};

/// Gives a request the loaders of orders and of what they refer to.
pub fn attach(request: Request, scope: &Arc<TenantScope>) -> Request {
    request.data(Lazy::<DataLoader<Rows>>::new(scope))
}

impl From<TenantScope> for Rows {
    fn from(scope: TenantScope) -> Self {
        Self(scope)
    }
}

/// Reads the rows of one tenant.
pub struct Rows(TenantScope);

/// Fulfilments of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FulfilmentsOf(pub OrderId);
/// Returns that bring something of an order back, without their lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReturnsOf(pub OrderId);
/// What an order's lines hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HeldFor(pub OrderId);
/// Flags of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlagsOf(pub OrderId);
/// Lines of a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinesOf(pub ReturnId);

impl Loader<OrderId> for Rows {
    type Value = Arc<Order>;
    type Error = Fault;
    /// With their lines: two statements.
    async fn load(&self, keys: &[OrderId]) -> Result<HashMap<OrderId, Arc<Order>>, Fault> {
        let orders = rows::orders(&self.0, keys).await?;
        Ok(orders.into_iter().map(|order| (order.id, Arc::new(order))).collect())
    }
}

impl Loader<FulfilmentsOf> for Rows {
    type Value = Arc<Vec<Fulfilment>>;
    type Error = Fault;
    async fn load(&self, keys: &[FulfilmentsOf]) -> Result<HashMap<FulfilmentsOf, Arc<Vec<Fulfilment>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::fulfilments_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|one| (FulfilmentsOf(one.order), one))))
    }
}

impl Loader<ReturnsOf> for Rows {
    type Value = Arc<Vec<Arc<Return>>>;
    type Error = Fault;
    async fn load(&self, keys: &[ReturnsOf]) -> Result<HashMap<ReturnsOf, Arc<Vec<Arc<Return>>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::returns_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|(order, ret)| (ReturnsOf(order), Arc::new(ret)))))
    }
}

impl Loader<HeldFor> for Rows {
    type Value = Arc<Vec<Held>>;
    type Error = Fault;
    async fn load(&self, keys: &[HeldFor]) -> Result<HashMap<HeldFor, Arc<Vec<Held>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::held_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|one| (HeldFor(one.order), one))))
    }
}

impl Loader<FlagsOf> for Rows {
    type Value = Arc<Vec<Flag>>;
    type Error = Fault;
    async fn load(&self, keys: &[FlagsOf]) -> Result<HashMap<FlagsOf, Arc<Vec<Flag>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::flags_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|one| (FlagsOf(one.order), one))))
    }
}

impl Loader<ReturnId> for Rows {
    type Value = Arc<Return>;
    type Error = Fault;
    /// Without their lines.
    async fn load(&self, keys: &[ReturnId]) -> Result<HashMap<ReturnId, Arc<Return>>, Fault> {
        Ok(rows::returns(&self.0, keys).await?.into_iter().map(|ret| (ret.id, Arc::new(ret))).collect())
    }
}

impl Loader<LinesOf> for Rows {
    type Value = Arc<Vec<ReturnLine>>;
    type Error = Fault;
    async fn load(&self, keys: &[LinesOf]) -> Result<HashMap<LinesOf, Arc<Vec<ReturnLine>>>, Fault> {
        let ids: Vec<ReturnId> = keys.iter().map(|key| key.0).collect();
        let all = rows::return_lines(&self.0, &ids).await?;
        Ok(all.into_iter().map(|(id, lines)| (LinesOf(id), Arc::new(lines))).collect())
    }
}

/// What the request's loader finds for a key.
pub async fn load<K>(ctx: &Context<'_>, key: K) -> Answer<Option<<Rows as Loader<K>>::Value>>
where
    K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
    Rows: Loader<K, Error = Fault>,
{
    // Boxed, because the engine moves about what the largest field of an object may come to, for each of its fields.
    Ok(Box::pin(ctx.lazy::<DataLoader<Rows>>()?.load_one(key)).await?)
}
