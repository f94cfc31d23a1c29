//! The catalogue's part of `node(id)`.

use async_graphql::Context;
use entity::{
    id::{Kind, prefix_of},
    prelude::{Id, kind},
};
use iam::access::kind as may;

use super::{Category, Channel, Customer, Product, ProductFamily, Store, Supplier, loads::catalog_loaders};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    nodes::Node,
};

/// The object with an ID, if its prefix is one of the catalogue's; the outer None otherwise.
pub async fn find(ctx: &Context<'_>, id: &str) -> Answer<Option<Option<Node>>> {
    let Some((prefix, uuid)) = prefix_of(id) else { return Ok(None) };
    let node = match prefix {
        kind::ProductId::PREFIX => {
            ctx.permit::<may::ProductRead>()?;
            catalog_loaders(ctx)?.product(Id::from_uuid(uuid)).await?.map(|row| Node::from(Product::from(row)))
        }
        kind::CategoryId::PREFIX => {
            ctx.permit::<may::ProductRead>()?;
            catalog_loaders(ctx)?.category(Id::from_uuid(uuid)).await?.map(|row| Category(row).into())
        }
        kind::SupplierId::PREFIX => {
            ctx.permit::<may::ProductRead>()?;
            catalog_loaders(ctx)?.supplier(Id::from_uuid(uuid)).await?.map(|row| Supplier(row).into())
        }
        kind::FamilyId::PREFIX => {
            ctx.permit::<may::ProductRead>()?;
            catalog_loaders(ctx)?.family(Id::from_uuid(uuid)).await?.map(|row| ProductFamily(row).into())
        }
        kind::StoreId::PREFIX => {
            ctx.permit::<may::StoreRead>()?;
            catalog_loaders(ctx)?.store(Id::from_uuid(uuid)).await?.map(|row| Store(row).into())
        }
        kind::CustomerId::PREFIX => {
            ctx.permit::<may::CustomerRead>()?;
            catalog_loaders(ctx)?.customer(Id::from_uuid(uuid)).await?.map(|row| Customer(row).into())
        }
        kind::ChannelId::PREFIX => {
            ctx.permit::<may::ChannelRead>()?;
            catalog_loaders(ctx)?.channel(Id::from_uuid(uuid)).await?.map(|row| Channel(row).into())
        }
        _ => return Ok(None),
    };
    Ok(Some(node))
}
