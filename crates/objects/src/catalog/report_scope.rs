//! Stores, categories and products that a report is narrowed to.

use async_graphql::Context;
use entity::prelude::{CategoryId, ProductId, StoreId};
use iam::access::kind;
use inventory::catalog::{
    Catalog,
    rows::{
        filter::{Filter, IdColumn},
        page::ProductCondition,
    },
    shell::IdOrKey,
};

use super::{
    CategoryRef, StoreRef,
    filter::{ProductFilter, product_filter_at, query_id, query_text},
    loads::catalog_loaders,
};
use crate::{
    graphql::{canonical, context::ContextExt, fault::Answer},
    keyed_filters::resolve_filter_keys,
};

/// The category of that name, or None. Asking by slug needs product.read.
pub async fn find_category_id(ctx: &Context<'_>, category_ref: &CategoryRef, field: &[&str]) -> Answer<Option<CategoryId>> {
    let path = |last: &str| field.iter().chain([&last]).map(ToString::to_string).collect::<Vec<_>>();
    let by = match category_ref {
        CategoryRef::Id(id) => return Ok(Some(query_id(id, path("id"))?)),
        CategoryRef::Slug(slug) => IdOrKey::Key(query_text(slug.clone(), &path("slug"))?),
    };
    let permit = ctx.permit::<kind::ProductRead>()?;
    Ok(ctx.required_data::<Catalog>()?.category(permit, by).await?.map(|row| row.id))
}

/// The id of a store that is named, if there is one.
pub async fn find_store_id(ctx: &Context<'_>, store_ref: &StoreRef, field: &[&str]) -> Answer<Option<StoreId>> {
    let path = |last: &str| field.iter().chain([&last]).map(ToString::to_string).collect::<Vec<_>>();
    let by = match store_ref {
        StoreRef::Id(id) => return Ok(Some(query_id(id, path("id"))?)),
        StoreRef::Code(text) => IdOrKey::Key(query_text(text.clone(), &path("code"))?),
    };
    let permit = ctx.permit::<kind::StoreRead>()?;
    Ok(ctx.required_data::<Catalog>()?.store(permit, by).await?.map(|row| row.id))
}

/// The products of an argument, and the name of its filter in cursors; None for all products. A
/// filter needs product.read.
pub async fn products_at(
    ctx: &Context<'_>,
    filter: Option<ProductFilter>,
    argument: &str,
) -> Answer<(ProductCondition, Option<[u8; 32]>)> {
    if filter.is_none() {
        return Ok((ProductCondition::default(), None));
    }
    let permit = ctx.permit::<kind::ProductRead>()?;
    let filter = product_filter_at(ctx, resolve_filter_keys(ctx, filter, argument).await?, argument)?;
    let name = canonical::filter_digest(&filter);
    let (_, resolved_filter) = ctx.required_data::<Catalog>()?.resolve_filter(permit, filter).await?;
    Ok((resolved_filter.condition(), Some(name)))
}

/// The products of the argument `product`, in the category of `categoryTree` or below it. Either
/// argument needs product.read.
pub async fn products_within(
    ctx: &Context<'_>,
    filter: Option<ProductFilter>,
    tree: Option<CategoryRef>,
) -> Answer<ProductCondition> {
    if filter.is_none() && tree.is_none() {
        return Ok(ProductCondition::default());
    }
    let argument = if filter.is_some() { "product" } else { "categoryTree" };
    let permit = ctx.permit::<kind::ProductRead>().map_err(|error| error.at(vec![argument.to_owned()]))?;
    let catalog = ctx.required_data::<Catalog>()?;
    let mut filter = product_filter_at(ctx, resolve_filter_keys(ctx, filter, "product").await?, "product")?;
    if let Some(category_ref) = tree {
        let by = match category_ref {
            CategoryRef::Id(id) => IdOrKey::Id(query_id(&id, vec!["categoryTree".to_owned(), "id".to_owned()])?),
            CategoryRef::Slug(slug) => IdOrKey::Key(query_text(slug, &vec!["categoryTree".to_owned(), "slug".to_owned()])?),
        };
        // An unknown category has no products.
        let root = match by {
            IdOrKey::Id(id) => id,
            by @ IdOrKey::Key(_) => catalog.category(permit.clone(), by).await?.map_or(CategoryId::NIL, |row| row.id),
        };
        filter = Filter::All(vec![filter, Filter::Ids(IdColumn::CategoryTree, vec![root.uuid()])]);
    }
    let (_, resolved_filter) = catalog.resolve_filter(permit, filter).await?;
    Ok(resolved_filter.condition())
}

/// Those of the products that the argument `product` is about, too; None for all products. Asking for some of them needs product.read.
pub async fn product_ids_within(
    ctx: &Context<'_>,
    filter: Option<ProductFilter>,
    requested_ids: Option<Vec<ProductId>>,
) -> Answer<Option<Vec<ProductId>>> {
    let condition = products_within(ctx, filter, None).await?;
    Ok(match (condition.ids(catalog_loaders(ctx)?.scope()).await?, requested_ids) {
        (Some(matching_ids), Some(requested_ids)) => {
            Some(matching_ids.into_iter().filter(|id| requested_ids.contains(id)).collect())
        }
        (matching_ids, requested_ids) => matching_ids.or(requested_ids),
    })
}
