//! References from purchasing to objects of other rooms.

use async_graphql::Context;
use entity::prelude;
use platform::storage::Fault;

pub use crate::{
    catalog::{Money, MoneyInput, Product, ProductRef, Store, StoreRef, SupplierRef},
    identity::{Actor, actor},
    orders::links::{MAX_PAGE_SIZE, argument, product, store},
};
use crate::{
    catalog::{Supplier, catalog_loaders},
    graphql::fault::{Answer, TopError},
};

/// The supplier that a row of this tenant refers to.
pub async fn supplier(ctx: &Context<'_>, id: prelude::SupplierId) -> Answer<Supplier> {
    let missing = || TopError::from(Fault::corrupt("supplier", "what is referred to exists"));
    catalog_loaders(ctx)?.supplier(id).await?.map(Supplier).ok_or_else(missing)
}
