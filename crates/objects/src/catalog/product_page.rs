//! Pages of products, by a sort or by the ranking of a search.

use std::collections::HashMap;

use async_graphql::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::prelude::ProductId;
use iam::access::{Permit, kind};
use inventory::catalog::{
    Catalog,
    rows::{self, ResolvedFilter, filter::Filter, page::ProductSort as SortColumn},
};
use platform::{
    paging::{Key, PageRequest},
    path,
    storage::TenantScope,
};

use super::{
    Product, ProductConnection,
    filter::{ProductFilter, product_filter},
    loads::catalog_loaders,
    page::{Direction, MAX_PAGE, build_page},
    refs::{ProductOrder, ProductOrderField},
};
use crate::{
    graphql::{
        canonical,
        connection::{Page, PageArgs, begin_count},
        context::ContextExt,
        fault::{Answer, TopError},
    },
    keyed_filters::resolve_filter_keys,
    sorts::{ProductSort, order_of},
};

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
    let catalog = ctx.required_data::<Catalog>()?;
    let filter = product_filter(ctx, resolve_filter_keys(ctx, filter, "filter").await?)?;
    Ok(match resolve_sort((order.as_ref(), argument), &filter)? {
        ProductPageSort::By(order) => {
            let kind = order.kind("products");
            let request = page.check(&kind, &catalog.signer, MAX_PAGE)?;
            let (scope, resolved_filter) = catalog.resolve_filter(permit, filter).await?;
            let source = resolved_filter.source();
            let count = begin_count(ctx, &scope, &source, &request);
            let rows = resolved_filter.rows(&scope, order, &request).await?;
            let selection = ctx.look_ahead();
            let is_selected = |name: &str| {
                selection.field("nodes").field(name).exists() || selection.field("edges").field("node").field(name).exists()
            };
            if is_selected("category") && is_selected("supplier") {
                catalog_loaders(ctx)?.parties(&rows).await?;
            }
            build_page(rows, &request, &kind, &catalog.signer, |row| {
                let keys = order.keys(&row);
                (Product::from(row), keys)
            })
            .count_from_source(scope, source, count)
            .with_inexact_count(resolved_filter.is_vague)
            .into()
        }
        ProductPageSort::ByRelevance => {
            let [kind, former_kind] = relevance_kinds(&filter);
            let checked = page.check(&kind, &catalog.signer, MAX_PAGE);
            let request = checked.or_else(|error| page.check(&former_kind, &catalog.signer, MAX_PAGE).map_err(|_| error))?;
            let (scope, resolved_filter) = catalog.resolve_filter(permit, filter).await?;
            let (source, is_vague) = (resolved_filter.source(), resolved_filter.is_vague);
            let (found_count, is_cut) =
                resolved_filter.ranked.as_ref().map_or((0, false), |ranked| (ranked.found, ranked.is_cut));
            let page = relevance_page(&scope, resolved_filter, &request, (kind, catalog)).await?;
            // The search has counted the rows that it compared.
            let page = if is_cut {
                page.with_count_source(scope, source).with_min_count(found_count)
            } else {
                page.with_total(found_count)
            };
            page.with_inexact_count(is_vague).into()
        }
    })
}

enum ProductPageSort {
    By(rows::page::ProductOrder),
    ByRelevance,
}

/// Returns the sort for this filter. An invalid one is refused under the name of the argument that
/// it came in.
fn resolve_sort((order, argument): (Option<&ProductOrder>, &str), filter: &Filter) -> Answer<ProductPageSort> {
    let searches = filter.clone().take_search().is_some();
    let by =
        |sort, direction| ProductPageSort::By(rows::page::ProductOrder { by: sort, descending: direction == Direction::Desc });
    let Some(ProductOrder { field, direction }) = order else {
        return Ok(if searches { ProductPageSort::ByRelevance } else { by(SortColumn::Sku, Direction::Asc) });
    };
    Ok(match field {
        ProductOrderField::Sku => by(SortColumn::Sku, *direction),
        ProductOrderField::Name => by(SortColumn::Name, *direction),
        ProductOrderField::CreatedAt => by(SortColumn::CreatedAt, *direction),
        ProductOrderField::UpdatedAt => by(SortColumn::UpdatedAt, *direction),
        ProductOrderField::Price => by(SortColumn::Price, *direction),
        ProductOrderField::Relevance if searches => ProductPageSort::ByRelevance,
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
    let name = URL_SAFE_NO_PAD.encode(canonical::filter_digest(filter));
    [format!("products:RELEVANCE:{name}"), format!("products:RELEVANCE:{filter:?}")]
}

/// A page of the ranking: its cursors are places in it.
async fn relevance_page(
    scope: &TenantScope,
    resolved_filter: ResolvedFilter,
    request: &PageRequest,
    (kind, catalog): (String, &Catalog),
) -> Answer<Page<Product>> {
    let ids = resolved_filter.ranked.map(|ranked| ranked.ids).unwrap_or_default();
    let rank_of = |keys: &Option<Vec<Key>>| match keys.as_deref() {
        Some([Key::Int(rank_of)]) => usize::try_from(*rank_of).ok(),
        _ => None,
    };
    let from = rank_of(&request.after).map_or(0, |rank_of| rank_of + 1).min(ids.len());
    let to = rank_of(&request.before).unwrap_or(ids.len()).clamp(from, ids.len());
    let limit = request.limit as usize;
    let (from, to) = if request.backward { (to.saturating_sub(limit).max(from), to) } else { (from, to.min(from + limit)) };
    let page_ids: &[ProductId] = &ids[from..to];
    let mut products: HashMap<ProductId, Product> = if page_ids.is_empty() {
        HashMap::new()
    } else {
        let rows = rows::product::by_ids(scope, page_ids.iter().copied()).await?;
        rows.into_iter().map(|row| (row.id, Product::from(row))).collect()
    };
    let (nodes, keys) = page_ids
        .iter()
        .zip(from..)
        .filter_map(|(id, rank_of)| Some((products.remove(id)?, vec![Key::Int(i64::try_from(rank_of).unwrap_or(i64::MAX))])))
        .unzip();
    Ok(Page { nodes, keys, has_next: to < ids.len(), has_previous: from > 0, kind, signer: catalog.signer.clone() })
}
