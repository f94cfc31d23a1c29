//! References from orders to objects of other rooms, each read by the loaders of its own room.

use async_graphql::Context;
use entity::prelude;
use iam::access::kind;
use inventory::ledger::Ledger;
use platform::{paging::CursorSigner, storage::Fault};

pub use super::arguments::{MAX_PAGE_SIZE, argument};
use crate::{
    catalog::catalog_loaders,
    graphql::{
        canonical::{Canonical, filter_name},
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::Cursor,
    },
    live::stream,
};
pub use crate::{
    catalog::{
        Channel, ChannelRef, Count, CountPrecision, Customer, CustomerRef, Direction, Money, MoneyInput, Product, ProductRef,
        Store, StoreRef,
    },
    graphql::filters::{DateTimeFilter, IdFilter, StringFilter},
    identity::{Actor, actor},
    stock::{LotRef, ShortagePolicy},
};

fn missing_row(table: &'static str) -> TopError {
    Fault::corrupt(table, "what is referred to exists").into()
}

/// The product that a row of this tenant refers to.
pub async fn product(ctx: &Context<'_>, id: prelude::ProductId) -> Answer<Product> {
    catalog_loaders(ctx)?.product(id).await?.map(Product::from).ok_or_else(|| missing_row("product"))
}
/// The store that a row of this tenant refers to.
pub async fn store(ctx: &Context<'_>, id: prelude::StoreId) -> Answer<Store> {
    catalog_loaders(ctx)?.store(id).await?.map(Store).ok_or_else(|| missing_row("store"))
}
/// The channel that a row of this tenant refers to.
pub async fn channel(ctx: &Context<'_>, id: prelude::ChannelId) -> Answer<Channel> {
    catalog_loaders(ctx)?.channel(id).await?.map(Channel).ok_or_else(|| missing_row("channel"))
}
/// The customer that a row of this tenant refers to.
pub async fn customer(ctx: &Context<'_>, id: prelude::CustomerId) -> Answer<Customer> {
    catalog_loaders(ctx)?.customer(id).await?.map(Customer).ok_or_else(|| missing_row("customer"))
}

/// Returns the current position of the tenant's stream, for a subscription with this filter: it
/// misses nothing that happens from now on.
pub async fn head_cursor(ctx: &Context<'_>, filter: &(impl Canonical + std::fmt::Debug)) -> Answer<Cursor> {
    let permit = ctx.permit::<kind::OrderRead>()?;
    let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
    let head = scope.head().await?;
    let signer = ctx.required_data::<CursorSigner>()?;
    Ok(stream::cursor(signer, permit.tenant(), head.epoch, head.seq, &filter_name(filter)))
}
