//! Queries of products, categories and families.

use std::collections::HashMap;

use async_graphql::{Context, ID};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::prelude::{CategoryId, ProductId};
use iam::access::{Permit, kind};
use inventory::catalog::{
    Catalog,
    rows::{self, ResolvedFilter, category::CategoryPlace, filter::Filter, page::ProductSort as SortColumn},
    shell::{By, ProductBy},
};
use macros::resolvers;
use platform::{
    paging::{Key, PageRequest},
    path,
    storage::TenantScope,
};

use super::{
    Category, CategoryConnection, Product, ProductConnection, ProductFamily, ProductFamilyConnection,
    archive_filter::{ArchiveFilter, noun_tests},
    category::CategorySort,
    family::ProductFamilySort,
    filter::{ProductFilter, product_filter, query_id, query_text},
    loads::loads,
    page::{Count, Direction, MAX_PAGE, args, build, count_limit, counted},
    refs::{CategoryRef, ProductOrder, ProductOrderField, ProductRef},
};
use crate::{
    graphql::{
        canonical,
        connection::{Page, PageArgs, begin_count},
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::Cursor,
    },
    keyed_filters::by_ids,
    periods::in_days,
    sorts::{ProductSort, order_of},
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
            Ok(ctx.given::<Catalog>()?.product(permit, by).await?.map(Product::from))
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
        products_page(ctx, permit, (filter, order_by, sort), &args(first, after, last, before)).await
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
        let (scope, scoped) =
            ctx.given::<Catalog>()?.filtered(permit, product_filter(ctx, by_ids(ctx, filter, "filter").await?)?).await?;
        let mut count = counted(scoped.count(&scope, limit).await?, limit);
        if scoped.is_vague {
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
            Ok(ctx.given::<Catalog>()?.category(permit, by).await?.map(|row| Category(row.into())))
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
        let catalog = ctx.given::<Catalog>()?;
        let sorted = CategorySort::sorted(sort);
        let kind = sorted.kind("categories");
        let request = args(first, after, last, before).check(&kind, &catalog.signer, MAX_PAGE)?;
        let tests = noun_tests::<entity::id::kind::CategoryId>(in_days(ctx, filter).await?)?;
        let parent: Option<CategoryId> = match parent.map(|by| category_by(by, "parent")).transpose()? {
            None => None,
            Some(By::Id(id)) => Some(id),
            // An unknown slug is not the root: it has no subcategories.
            Some(by) => Some(catalog.category(permit.clone(), by).await?.map_or(CategoryId::NIL, |row| row.id)),
        };
        let scope = permit.scope(&catalog.db);
        let place = match parent {
            None if with_descendants => CategoryPlace::Anywhere,
            Some(id) if with_descendants => CategoryPlace::Below(id),
            parent => CategoryPlace::RightBelow(parent),
        };
        let listed = catalog.categories(permit, (place, tests), sorted, &request).await?;
        Ok(build(listed.rows, &request, &kind, &catalog.signer, |row| {
            let keys = sorted.keys(&row);
            (Category(row.into()), keys)
        })
        .counted(scope, listed.source)
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
            Ok(ctx.given::<Catalog>()?.family(permit, id).await?.map(|row| ProductFamily(row.into())))
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
        let catalog = ctx.given::<Catalog>()?;
        let sorted = ProductFamilySort::sorted(sort);
        let kind = sorted.kind("productFamilies");
        let request = args(first, after, last, before).check(&kind, &catalog.signer, MAX_PAGE)?;
        let scope = permit.scope(&catalog.db);
        let tests = noun_tests::<entity::id::kind::FamilyId>(in_days(ctx, filter).await?)?;
        let listed = catalog.families(permit, tests, sorted, &request).await?;
        Ok(build(listed.rows, &request, &kind, &catalog.signer, |row| {
            let keys = sorted.keys(&row);
            (ProductFamily(row.into()), keys)
        })
        .counted(scope, listed.source)
        .into())
    }
}

/// A page of products: by SKU, or by relevance if the filter searches, unless `order_by` or `sort`
/// gives another order.
pub async fn products_page(
    ctx: &Context<'_>,
    permit: Permit<kind::ProductRead>,
    (filter, order_by, sort): (Option<ProductFilter>, Option<ProductOrder>, Option<ProductSort>),
    page: &PageArgs,
) -> Answer<ProductConnection> {
    let argument = if sort.is_some() { "sort" } else { "orderBy" };
    let order = order_of(order_by, sort)?;
    let catalog = ctx.given::<Catalog>()?;
    let filter = product_filter(ctx, by_ids(ctx, filter, "filter").await?)?;
    Ok(match sorted((order.as_ref(), argument), &filter)? {
        Sorted::By(order) => {
            let kind = order.kind("products");
            let request = page.check(&kind, &catalog.signer, MAX_PAGE)?;
            let (scope, scoped) = catalog.filtered(permit, filter).await?;
            let source = scoped.source();
            let count = begin_count(ctx, &scope, &source, &request);
            let rows = scoped.rows(&scope, order, &request).await?;
            let look = ctx.look_ahead();
            let shows =
                |name: &str| look.field("nodes").field(name).exists() || look.field("edges").field("node").field(name).exists();
            if shows("category") && shows("supplier") {
                loads(ctx)?.parties(&rows).await?;
            }
            build(rows, &request, &kind, &catalog.signer, |row| {
                let keys = order.keys(&row);
                (Product::from(row), keys)
            })
            .count_from_source(scope, source, count)
            .with_inexact_count(scoped.is_vague)
            .into()
        }
        Sorted::ByRelevance => {
            let [kind, former] = relevance_kinds(&filter);
            let checked = page.check(&kind, &catalog.signer, MAX_PAGE);
            let request = checked.or_else(|refused| page.check(&former, &catalog.signer, MAX_PAGE).map_err(|_| refused))?;
            let (scope, scoped) = catalog.filtered(permit, filter).await?;
            let (source, is_vague) = (scoped.source(), scoped.is_vague);
            let (found, is_cut) = scoped.ranked.as_ref().map_or((0, false), |ranked| (ranked.found, ranked.is_cut));
            let page = relevant(&scope, scoped, &request, (kind, catalog)).await?;
            // The search has counted the rows that it compared.
            let page = if is_cut { page.counted(scope, source).at_least(found) } else { page.with_total(found) };
            page.with_inexact_count(is_vague).into()
        }
    })
}

/// The product with a scanned code: by barcode, else by SKU.
pub async fn product_scanned(ctx: &Context<'_>, code: &str) -> Answer<Option<Product>> {
    let permit = ctx.permit::<kind::ProductRead>()?;
    let (catalog, code) = (ctx.given::<Catalog>()?, query_text(code.to_owned(), &path!["code"])?);
    let found = match catalog.product(permit.clone(), ProductBy::Barcode(code.clone())).await? {
        None => catalog.product(permit, ProductBy::Sku(code)).await?,
        found => found,
    };
    Ok(found.map(Product::from))
}

fn category_by(by: CategoryRef, argument: &str) -> Answer<By<CategoryId>> {
    Ok(match by {
        CategoryRef::Id(id) => By::Id(query_id(&id, path![argument, "id"])?),
        CategoryRef::Slug(slug) => By::Key(query_text(slug, &path![argument, "slug"])?),
    })
}

enum Sorted {
    By(rows::page::ProductOrder),
    ByRelevance,
}

/// Returns the sort for this filter. An invalid one is refused under the name of the argument that
/// it came in.
fn sorted((order, argument): (Option<&ProductOrder>, &str), filter: &Filter) -> Answer<Sorted> {
    let searches = filter.clone().take_search().is_some();
    let by = |sort, direction| Sorted::By(rows::page::ProductOrder { by: sort, descending: direction == Direction::Desc });
    let Some(ProductOrder { field, direction }) = order else {
        return Ok(if searches { Sorted::ByRelevance } else { by(SortColumn::Sku, Direction::Asc) });
    };
    Ok(match field {
        ProductOrderField::Sku => by(SortColumn::Sku, *direction),
        ProductOrderField::Name => by(SortColumn::Name, *direction),
        ProductOrderField::CreatedAt => by(SortColumn::CreatedAt, *direction),
        ProductOrderField::UpdatedAt => by(SortColumn::UpdatedAt, *direction),
        ProductOrderField::Price => by(SortColumn::Price, *direction),
        ProductOrderField::Relevance if searches => Sorted::ByRelevance,
        ProductOrderField::Relevance => {
            let message = "RELEVANCE needs a search in the filter, outside of or and not";
            return Err(TopError::bad_input(message, path![argument, "field"]));
        }
    })
}

/// Kinds of cursors in a ranking, which are bound to the filter: a position has no meaning under
/// another one. The second is the form of releases before migration 34, whose cursors are still
/// accepted.
fn relevance_kinds(filter: &Filter) -> [String; 2] {
    let name = URL_SAFE_NO_PAD.encode(canonical::name(filter));
    [format!("products:RELEVANCE:{name}"), format!("products:RELEVANCE:{filter:?}")]
}

/// A page of the ranking: its cursors are places in it.
async fn relevant(
    scope: &TenantScope,
    scoped: ResolvedFilter,
    request: &PageRequest,
    (kind, catalog): (String, &Catalog),
) -> Answer<Page<Product>> {
    let ids = scoped.ranked.map(|ranked| ranked.ids).unwrap_or_default();
    let place = |keys: &Option<Vec<Key>>| match keys.as_deref() {
        Some([Key::Int(place)]) => usize::try_from(*place).ok(),
        _ => None,
    };
    let from = place(&request.after).map_or(0, |place| place + 1).min(ids.len());
    let to = place(&request.before).unwrap_or(ids.len()).clamp(from, ids.len());
    let limit = request.limit as usize;
    let (from, to) = if request.backward { (to.saturating_sub(limit).max(from), to) } else { (from, to.min(from + limit)) };
    let wanted: &[ProductId] = &ids[from..to];
    let mut found: HashMap<ProductId, Product> = if wanted.is_empty() {
        HashMap::new()
    } else {
        let rows = rows::product::by_ids(scope, wanted.iter().copied()).await?;
        rows.into_iter().map(|row| (row.id, Product::from(row))).collect()
    };
    let (nodes, keys) = wanted
        .iter()
        .zip(from..)
        .filter_map(|(id, place)| Some((found.remove(id)?, vec![Key::Int(i64::try_from(place).unwrap_or(i64::MAX))])))
        .unzip();
    Ok(Page { nodes, keys, has_next: to < ids.len(), has_previous: from > 0, kind, signer: catalog.signer.clone() })
}

/// Returns the ID of the product that an argument names; None if there is none. An ID is returned
/// unchecked; the caller looks it up if necessary.
pub async fn product_named(ctx: &Context<'_>, named: ProductRef, field: &[&str]) -> Answer<Option<entity::prelude::ProductId>> {
    let path = |last: &str| field.iter().chain([&last]).map(ToString::to_string).collect::<Vec<_>>();
    let by = match named {
        ProductRef::Id(id) => return Ok(Some(query_id(&id, path("id"))?)),
        ProductRef::Sku(sku) => ProductBy::Sku(query_text(sku, &path("sku"))?),
        ProductRef::Barcode(code) => ProductBy::Barcode(query_text(code, &path("barcode"))?),
    };
    let permit = ctx.permit::<kind::ProductRead>()?;
    Ok(ctx.given::<Catalog>()?.product(permit, by).await?.map(|row| row.id))
}
