//! Queries of products, categories and families.

use async_graphql::{Context, ID};
use entity::prelude::CategoryId;
use iam::access::kind;
use inventory::catalog::{
    Catalog,
    rows::category::CategoryPlace,
    shell::{IdOrKey, ProductBy},
};
use macros::resolvers;
use platform::path;

use super::{
    Category, CategoryConnection, Product, ProductConnection, ProductFamily, ProductFamilyConnection,
    archive_filter::{ArchiveFilter, noun_tests},
    category::CategorySort,
    family::ProductFamilySort,
    filter::{ProductFilter, product_filter, query_id, query_text},
    page::{Count, MAX_PAGE, build_page, capped_count, count_limit, page_args},
    product_page::products_page,
    refs::{CategoryRef, ProductOrder, ProductRef},
};
use crate::{
    graphql::{context::ContextExt, fault::Answer, scalars::Cursor},
    keyed_filters::resolve_filter_keys,
    periods::resolve_filter_periods,
    sorts::ProductSort,
};

/// Queries of products, categories and families.
#[derive(Default)]
pub struct ProductQuery;

#[resolvers]
impl ProductQuery {
    /// Product by ID, SKU or barcode; null when there is none.
    #[field(permit = ProductRead)]
    async fn product(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID, SKU or barcode of the product.")] by: ProductRef,
    ) -> Option<Answer<Product>> {
        async {
            let by = match by {
                ProductRef::Id(id) => ProductBy::Id(query_id(&id, path!["by", "id"])?),
                ProductRef::Sku(sku) => ProductBy::Sku(query_text(sku, &path!["by", "sku"])?),
                ProductRef::Barcode(code) => ProductBy::Barcode(query_text(code, &path!["by", "barcode"])?),
            };
            Ok(ctx.required_data::<Catalog>()?.product(permit, by).await?.map(Product::from))
        }
        .await
        .transpose()
    }

    /// Products in pages: by SKU, or by relevance where the filter searches, unless a sort is given.
    #[field(permit = ProductRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "a list has six arguments in the schema")]
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the products; all products by default.")] filter: Option<ProductFilter>,
        #[graphql(desc = "Sort of the products. Null for SKU, ASC, or RELEVANCE where the filter searches.")] order_by: Option<
            ProductOrder,
        >,
        #[graphql(desc = "Sort of the list. Null for that of orderBy.")] sort: Option<ProductSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ProductConnection> {
        products_page(ctx, permit, (filter, order_by, sort), &page_args(first, after, last, before)).await
    }

    /// Number of products, counted up to a limit.
    #[field(permit = ProductRead, cost = "3")]
    async fn products_count(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the products; all products by default.")] filter: Option<ProductFilter>,
        #[graphql(desc = "Count no further than this, at most 1,000,000. Default 10,000.", default = 10_000)] limit: i32,
    ) -> Answer<Count> {
        let limit = count_limit(limit)?;
        let (scope, resolved_filter) = ctx
            .required_data::<Catalog>()?
            .resolve_filter(permit, product_filter(ctx, resolve_filter_keys(ctx, filter, "filter").await?)?)
            .await?;
        let mut count = capped_count(resolved_filter.count(&scope, limit).await?, limit);
        if resolved_filter.is_vague {
            count.precision = super::CountPrecision::AtLeast;
        }
        Ok(count)
    }

    /// Category by ID or slug; null when there is none.
    #[field(permit = ProductRead)]
    async fn category(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID or slug of the category.")] by: CategoryRef,
    ) -> Option<Answer<Category>> {
        async {
            let by = category_by(by, "by")?;
            Ok(ctx.required_data::<Catalog>()?.category(permit, by).await?.map(|row| Category(row.into())))
        }
        .await
        .transpose()
    }

    /// The categories right below one, or the roots, by position unless another order is asked for; without a filter those that are in use.
    #[field(permit = ProductRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "a list has six arguments in the schema")]
    async fn categories(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Parent category. Null for the root categories.")] parent: Option<CategoryRef>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Filter of the categories; those in use by default.")] filter: Option<ArchiveFilter>,
        #[graphql(desc = "Sort of the categories. Null for POSITION, ASC.")] sort: Option<CategorySort>,
        #[graphql(
            desc = "True if categories at all depths below the parent are included too; without a parent, all categories. Default false.",
            default
        )]
        with_descendants: bool,
    ) -> Answer<CategoryConnection> {
        let catalog = ctx.required_data::<Catalog>()?;
        let sorted = CategorySort::sorted(sort);
        let kind = sorted.kind("categories");
        let request = page_args(first, after, last, before).check(&kind, &catalog.signer, MAX_PAGE)?;
        let tests = noun_tests::<entity::id::kind::CategoryId>(resolve_filter_periods(ctx, filter).await?)?;
        let parent: Option<CategoryId> = match parent.map(|by| category_by(by, "parent")).transpose()? {
            None => None,
            Some(IdOrKey::Id(id)) => Some(id),
            // An unknown slug is not the root: it has no subcategories.
            Some(by) => Some(catalog.category(permit.clone(), by).await?.map_or(CategoryId::NIL, |row| row.id)),
        };
        let scope = permit.scope(&catalog.db);
        let position = match parent {
            None if with_descendants => CategoryPlace::Anywhere,
            Some(id) if with_descendants => CategoryPlace::Below(id),
            parent => CategoryPlace::RightBelow(parent),
        };
        let listing = catalog.categories(permit, (position, tests), sorted, &request).await?;
        Ok(build_page(listing.rows, &request, &kind, &catalog.signer, |row| {
            let keys = sorted.keys(&row);
            (Category(row.into()), keys)
        })
        .with_count_source(scope, listing.source)
        .into())
    }

    /// Family of variants by ID; null when there is none.
    #[field(permit = ProductRead)]
    async fn product_family(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the family.")] id: ID,
    ) -> Option<Answer<ProductFamily>> {
        async {
            let id = query_id(&id, path!["id"])?;
            Ok(ctx.required_data::<Catalog>()?.family(permit, id).await?.map(|row| ProductFamily(row.into())))
        }
        .await
        .transpose()
    }

    /// Families in the order of their creation unless another order is asked for; without a filter those that are in use.
    #[field(permit = ProductRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "a list has six arguments in the schema")]
    async fn product_families(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Filter of the families; those in use by default.")] filter: Option<ArchiveFilter>,
        #[graphql(desc = "Sort of the families. Null for the order of their creation.")] sort: Option<ProductFamilySort>,
    ) -> Answer<ProductFamilyConnection> {
        let catalog = ctx.required_data::<Catalog>()?;
        let sorted = ProductFamilySort::sorted(sort);
        let kind = sorted.kind("productFamilies");
        let request = page_args(first, after, last, before).check(&kind, &catalog.signer, MAX_PAGE)?;
        let scope = permit.scope(&catalog.db);
        let tests = noun_tests::<entity::id::kind::FamilyId>(resolve_filter_periods(ctx, filter).await?)?;
        let listing = catalog.families(permit, tests, sorted, &request).await?;
        Ok(build_page(listing.rows, &request, &kind, &catalog.signer, |row| {
            let keys = sorted.keys(&row);
            (ProductFamily(row.into()), keys)
        })
        .with_count_source(scope, listing.source)
        .into())
    }
}

/// The product with a scanned code: by barcode, else by SKU.
pub async fn find_product_by_code(ctx: &Context<'_>, code: &str) -> Answer<Option<Product>> {
    let permit = ctx.permit::<kind::ProductRead>()?;
    let (catalog, code) = (ctx.required_data::<Catalog>()?, query_text(code.to_owned(), &path!["code"])?);
    let row = match catalog.product(permit.clone(), ProductBy::Barcode(code.clone())).await? {
        None => catalog.product(permit, ProductBy::Sku(code)).await?,
        row => row,
    };
    Ok(row.map(Product::from))
}

fn category_by(by: CategoryRef, argument: &str) -> Answer<IdOrKey<CategoryId>> {
    Ok(match by {
        CategoryRef::Id(id) => IdOrKey::Id(query_id(&id, path![argument, "id"])?),
        CategoryRef::Slug(slug) => IdOrKey::Key(query_text(slug, &path![argument, "slug"])?),
    })
}

/// Returns the ID of the product that an argument names; None if there is none. An ID is returned
/// unchecked; the caller looks it up if necessary.
pub async fn find_product_id(
    ctx: &Context<'_>,
    product_ref: ProductRef,
    field: &[&str],
) -> Answer<Option<entity::prelude::ProductId>> {
    let path = |last: &str| field.iter().chain([&last]).map(ToString::to_string).collect::<Vec<_>>();
    let by = match product_ref {
        ProductRef::Id(id) => return Ok(Some(query_id(&id, path("id"))?)),
        ProductRef::Sku(sku) => ProductBy::Sku(query_text(sku, &path("sku"))?),
        ProductRef::Barcode(code) => ProductBy::Barcode(query_text(code, &path("barcode"))?),
    };
    let permit = ctx.permit::<kind::ProductRead>()?;
    Ok(ctx.required_data::<Catalog>()?.product(permit, by).await?.map(|row| row.id))
}
