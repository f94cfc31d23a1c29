//! Searches of stock levels, which are of the texts of their products.

use std::collections::{BTreeSet, HashMap};

use async_graphql::Context;
use iam::access::kind;
use inventory::catalog::{Catalog, rows::search::Ranked};

use super::inputs::StockFilter;
use crate::{
    catalog::{ProductFilter, product_filter},
    graphql::{context::ContextExt, fault::Answer, filters::MAX_NESTING},
};

/// What each search of a filter finds, and of the filters inside it: one or two statements each, none without any. Searching needs product.read.
pub async fn searched(ctx: &Context<'_>, filter: &StockFilter) -> Answer<HashMap<String, Ranked>> {
    let mut texts = BTreeSet::new();
    named(filter, 1, &mut texts);
    let mut found = HashMap::new();
    for text in texts {
        let permit = ctx.permit::<kind::ProductRead>()?;
        let asked = ProductFilter { search: Some(text.to_owned()), ..ProductFilter::default() };
        let tests = product_filter(ctx, Some(asked))?;
        let (_, scoped) = ctx.given::<Catalog>()?.filtered(permit, tests).await?;
        found.insert(text.to_owned(), scoped.ranked.unwrap_or_default());
    }
    Ok(found)
}

/// The texts that are searched for anywhere in a filter. One that nests too deep is refused by those who read it.
fn named<'a>(filter: &'a StockFilter, depth: usize, found: &mut BTreeSet<&'a str>) {
    if depth > MAX_NESTING {
        return;
    }
    found.extend(filter.search.as_deref());
    let inner = [&filter.and, &filter.or].into_iter().flatten().flatten().chain(filter.not.as_deref());
    for part in inner {
        named(part, depth + 1, found);
    }
}
