//! Asking for suggestions.

use async_graphql::{Context, ID, InputObject};
use iam::access::{Permit, kind};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{
    paging::{CursorSigner, Key, PageRequest},
    path,
    storage::Reads,
};
use services::suggestions::{
    Suggestions, core,
    rows::{self, MissingField, ProductSelection},
};

use super::{
    duplicate::{ProductDuplicate, ProductDuplicateConnection, ProductNameCleanup, ProductNameCleanupConnection},
    enums::ProductTextStatus,
    suggestion::{ProductCategorySuggestion, ProductCategorySuggestionConnection, ProductTextModel, text_status},
    tag::{self, ProductTagModel, ProductTagSuggestion, ProductTagSuggestionConnection},
};
use crate::{
    catalog::ProductRef,
    graphql::{
        connection::{CountedPage, Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::Cursor,
    },
    orders::links::{MAX_PAGE_SIZE, argument},
    references::{Names, resolve_references},
};

/// Names of the lists in their cursors.
const CATEGORIES_CURSOR: &str = "productCategorySuggestions";
const TAGS_CURSOR: &str = "productTagSuggestions";
const DUPLICATES_CURSOR: &str = "productDuplicates";
const CLEANUPS_CURSOR: &str = "productNameCleanups";

/// Products that categories are suggested for. Archived products are left out.
#[derive(Debug, Clone, InputObject)]
pub struct ProductSuggestionFilter {
    /// Deprecated form of `products`: their IDs.
    #[graphql(deprecation = "2026-11-26: use products. Removed after 2027-11-26.")]
    pub product_ids: Option<Vec<ID>>,
    /// Products to include, at most 250. A key that names nothing adds nothing. Null for all.
    pub products: Option<Vec<ProductRef>>,
    /// True to include only products without a category. Default true.
    #[graphql(default = true)]
    pub is_without_category: bool,
    /// Deprecated name of `isWithoutCategory`.
    #[graphql(default = true, deprecation = "2026-11-27: use isWithoutCategory. Removed after 2027-11-27.")]
    pub without_category: bool,
}

/// Products that tags are suggested for. Archived products are left out.
#[derive(Debug, Clone, InputObject)]
pub struct ProductTagSuggestionFilter {
    /// Deprecated form of `products`: their IDs.
    #[graphql(deprecation = "2026-11-26: use products. Removed after 2027-11-26.")]
    pub product_ids: Option<Vec<ID>>,
    /// Products to include, at most 250. A key that names nothing adds nothing. Null for all.
    pub products: Option<Vec<ProductRef>>,
    /// True to include only products without tags. Default true.
    #[graphql(default = true)]
    pub is_without_tags: bool,
    /// Deprecated name of `isWithoutTags`.
    #[graphql(default = true, deprecation = "2026-11-27: use isWithoutTags. Removed after 2027-11-27.")]
    pub without_tags: bool,
}

/// The root fields of suggestions.
#[derive(Default)]
pub struct SuggestionQuery;

#[resolvers]
impl SuggestionQuery {
    /// Categories suggested for products, by a model that is learned from the tenant's own products. Empty, with the reason in `status`, where they teach too little.
    ///
    /// Requires product.read. Costs 20.
    #[field(permit = ProductRead, paged, cost = "20")]
    async fn product_category_suggestions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Products that categories are suggested for; all without a category when left out.")] filter: Option<
            ProductSuggestionFilter,
        >,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ProductCategorySuggestionConnection> {
        let signer = ctx.required_data::<CursorSigner>()?;
        let request = PageArgs { first, after, last, before }.check(CATEGORIES_CURSOR, signer, MAX_PAGE_SIZE)?;
        let is_lacking = filter.as_ref().is_none_or(|filter| filter.is_without_category && filter.without_category);
        let products = filter.map(|filter| (filter.products, filter.product_ids)).unwrap_or_default();
        let wanted = resolve_products(ctx, products, is_lacking.then_some(MissingField::Category)).await?;
        let suggestions = ctx.required_data::<Suggestions>()?.category_suggestions(&permit, &wanted, &request);
        let (model, found) = Box::pin(suggestions).await?;
        let nodes = found.into_iter().map(|suggestion| {
            let keys: Vec<Key> = vec![suggestion.product.id.into()];
            (ProductCategorySuggestion::from(suggestion), keys)
        });
        let page = Page::build(nodes.collect(), &request, CATEGORIES_CURSOR, signer);
        let page = add_product_count(ctx, &permit, page, text_status(model.as_ref()), &wanted)?;
        let is_partial = model.as_ref().is_some_and(|model| model.is_partial);
        Ok(ProductCategorySuggestionConnection::new(page, text_status(model.as_ref()), is_partial))
    }

    /// Tags suggested for products, at most three each, by a model that is learned from the tenant's own products. Empty, with the reason in `status`, where they teach too little.
    ///
    /// Requires product.read. Costs 20.
    #[field(permit = ProductRead, paged, cost = "20")]
    async fn product_tag_suggestions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Products that tags are suggested for; all without tags when left out.")] filter: Option<
            ProductTagSuggestionFilter,
        >,
        first: Option<i32>,
        #[graphql(desc = "Cursor of the last row of the page before. Null starts with the first row.")] after: Option<Cursor>,
        last: Option<i32>,
        #[graphql(desc = "Cursor of the first row of the page after. Null ends with the last row.")] before: Option<Cursor>,
    ) -> Answer<ProductTagSuggestionConnection> {
        let signer = ctx.required_data::<CursorSigner>()?;
        let request = PageArgs { first, after, last, before }.check(TAGS_CURSOR, signer, MAX_PAGE_SIZE)?;
        let is_lacking = filter.as_ref().is_none_or(|filter| filter.is_without_tags && filter.without_tags);
        let products = filter.map(|filter| (filter.products, filter.product_ids)).unwrap_or_default();
        let wanted = resolve_products(ctx, products, is_lacking.then_some(MissingField::Tags)).await?;
        let (model, suggestions) =
            Box::pin(ctx.required_data::<Suggestions>()?.tag_suggestions(&permit, &wanted, &request)).await?;
        let nodes = suggestions.into_iter().map(|suggestion| {
            let keys: Vec<Key> = vec![suggestion.product.id.into()];
            (ProductTagSuggestion::from(suggestion), keys)
        });
        let page = Page::build(nodes.collect(), &request, TAGS_CURSOR, signer);
        let page = add_product_count(ctx, &permit, page, tag::status(model.as_ref()), &wanted)?;
        let is_partial = model.as_ref().is_some_and(|model| model.is_partial);
        Ok(ProductTagSuggestionConnection::new(page, tag::status(model.as_ref()), is_partial))
    }

    /// Pairs of products that are probably one, entered twice; the most alike first, at most 10,000. Pairs that were refused are left out until a name changes.
    ///
    /// Requires product.read. Costs 20.
    #[field(permit = ProductRead, paged, cost = "20")]
    async fn product_duplicates(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ProductDuplicateConnection> {
        let signer = ctx.required_data::<CursorSigner>()?;
        let request = PageArgs { first, after, last, before }.check(DUPLICATES_CURSOR, signer, MAX_PAGE_SIZE)?;
        let suggestions = ctx.required_data::<Suggestions>()?.clone();
        let (names, page_rows) = Box::pin(suggestions.duplicates(&permit, &request)).await?;
        let nodes = page_rows.into_iter().map(|(pair, keys)| (ProductDuplicate(pair), keys)).collect();
        let page = Page::build(nodes, &request, DUPLICATES_CURSOR, signer).with_count(move |max_count| {
            let (suggestions, permit, all) = (suggestions.clone(), permit.clone(), first_page_of(max_count));
            async move {
                let (_, page_rows) = Box::pin(suggestions.duplicates(&permit, &all)).await?;
                Ok::<i64, TopError>(i64::try_from(page_rows.len()).unwrap_or(i64::MAX))
            }
        });
        let is_partial = names.as_ref().is_some_and(|names| names.is_partial);
        Ok(ProductDuplicateConnection::new(page, name_model_status(names.as_deref()), is_partial))
    }

    /// Products whose names can be cleaned, each with the name proposed and the rules that changed it; in the order of their creation, at most 10,000.
    /// Products whose names were found right are left out until the name changes.
    ///
    /// Requires product.read. Costs 20.
    #[field(permit = ProductRead, paged, cost = "20")]
    async fn product_name_cleanups(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ProductNameCleanupConnection> {
        let signer = ctx.required_data::<CursorSigner>()?;
        let request = PageArgs { first, after, last, before }.check(CLEANUPS_CURSOR, signer, MAX_PAGE_SIZE)?;
        let suggestions = ctx.required_data::<Suggestions>()?.clone();
        let (names, page_rows) = Box::pin(suggestions.cleanups(&permit, &request)).await?;
        let nodes = page_rows.into_iter().map(|(cleanup, keys)| (ProductNameCleanup(cleanup), keys)).collect();
        let page = Page::build(nodes, &request, CLEANUPS_CURSOR, signer).with_count(move |max_count| {
            let (suggestions, permit, all) = (suggestions.clone(), permit.clone(), first_page_of(max_count));
            async move {
                let (_, page_rows) = Box::pin(suggestions.cleanups(&permit, &all)).await?;
                Ok::<i64, TopError>(i64::try_from(page_rows.len()).unwrap_or(i64::MAX))
            }
        });
        let is_partial = names.as_ref().is_some_and(|names| names.is_partial);
        Ok(ProductNameCleanupConnection::new(page, name_model_status(names.as_deref()), is_partial))
    }

    /// Model that suggested categories come from, with its accuracy on the tenant's own products.
    ///
    /// Requires product.read. Costs 20.
    #[field(permit = ProductRead, cost = "20")]
    async fn product_text_model(&self, ctx: &Context<'_>) -> Answer<ProductTextModel> {
        let model = Box::pin(ctx.required_data::<Suggestions>()?.model(&permit)).await?;
        Ok(ProductTextModel::of(model.as_ref()))
    }

    /// Model that suggested tags come from, with its accuracy on the tenant's own products.
    ///
    /// Requires product.read. Costs 20.
    #[field(permit = ProductRead, cost = "20")]
    async fn product_tag_model(&self, ctx: &Context<'_>) -> Answer<ProductTagModel> {
        let model = Box::pin(ctx.required_data::<Suggestions>()?.tag_model(&permit)).await?;
        Ok(ProductTagModel::of(model.as_ref()))
    }
}

/// With all products of the filter; until a model is learned they are on no page.
fn add_product_count<T>(
    ctx: &Context<'_>,
    permit: &Permit<kind::ProductRead>,
    page: Page<T>,
    status: ProductTextStatus,
    selection: &ProductSelection,
) -> Answer<CountedPage<T>> {
    if status != ProductTextStatus::Ready {
        return Ok(page.with_total(0));
    }
    let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
    let source = rows::source(scope.backend(), selection);
    Ok(page.with_count_source(scope, source))
}

/// A page of the first `row_count`: the pairs and names are checked again when they are read.
fn first_page_of(row_count: usize) -> PageRequest {
    PageRequest { limit: u32::try_from(row_count).unwrap_or(u32::MAX), backward: false, after: None, before: None }
}

fn name_model_status(names: Option<&core::Names>) -> ProductTextStatus {
    if names.is_some() { ProductTextStatus::Ready } else { ProductTextStatus::Learning }
}

/// The products that are named by references, or by their IDs: one of the two.
async fn resolve_products(
    ctx: &Context<'_>,
    (product_refs, mut ids): (Option<Vec<ProductRef>>, Option<Vec<ID>>),
    missing_field: Option<MissingField>,
) -> Answer<ProductSelection> {
    let (field, count) = match &product_refs {
        Some(product_refs) => ("products", product_refs.len()),
        None => ("productIds", ids.as_ref().map_or(0, Vec::len)),
    };
    if count > MAX_PAGE_SIZE as usize {
        return Err(TopError::bad_input(format!("at most {MAX_PAGE_SIZE} products are named"), path!["filter", field]));
    }
    let names = Names::of(path!["filter"]).list(("products", product_refs), ("productIds", &mut ids));
    if resolve_references(ctx, names).await?.is_err() {
        return Err(TopError::bad_input("products or productIds is expected, not both", path!["filter", "products"]));
    }
    let Some(ids) = ids else { return Ok(ProductSelection { products: None, lacking: missing_field }) };
    let mut products = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        let id_path = || if field == "products" { path!["filter", field, index, "id"] } else { path!["filter", field, index] };
        products.push(argument(id, id_path)?);
    }
    Ok(ProductSelection { products: Some(products), lacking: missing_field })
}
