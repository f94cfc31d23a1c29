//! Searches of stock levels, which are of the texts of their products.

use std::collections::{BTreeSet, HashMap};

use async_graphql::Context;
use iam::access::kind;
use inventory::catalog::{Catalog, rows::search::RankedProducts};

use super::stock_filter::StockFilter;
use crate::{
    catalog::{ProductFilter, product_filter, search_text},
    graphql::{context::ContextExt, fault::Answer, filters::MAX_NESTING},
    keyed_filters::below,
};

/// Returns the matches of each search in a filter and in the filters inside it: one or two
/// statements each, none without a search. Searching needs product.read.
pub async fn load_search_rankings(ctx: &Context<'_>, filter: &StockFilter) -> Answer<HashMap<String, RankedProducts>> {
    let mut texts = BTreeSet::new();
    collect_search_texts(filter, &["filter".to_owned()], 0, &mut texts)?;
    let mut rankings = HashMap::new();
    for text in texts {
        let permit = ctx.permit::<kind::ProductRead>().map_err(|error| error.at(vec!["filter".to_owned()]))?;
        let text_filter = ProductFilter { search: Some(text.clone()), ..ProductFilter::default() };
        let tests = product_filter(ctx, Some(text_filter))?;
        let (_, resolved_filter) = ctx.required_data::<Catalog>()?.resolve_filter(permit, tests).await?;
        rankings.insert(text, resolved_filter.ranked.unwrap_or_default());
    }
    Ok(rankings)
}

/// Adds the search texts of a filter and its nested filters, without duplicates. A filter that is
/// nested too deeply is refused when it is compiled.
fn collect_search_texts(filter: &StockFilter, at: &[String], depth: usize, texts: &mut BTreeSet<String>) -> Answer<()> {
    if depth > MAX_NESTING {
        return Ok(());
    }
    if let Some(text) = &filter.search {
        texts.insert(search_text(text.clone(), &below(at, &["search"]))?);
    }
    for (name, parts) in [("and", &filter.and), ("or", &filter.or)] {
        for (index, part) in parts.iter().flatten().enumerate() {
            collect_search_texts(part, &below(at, &[name, index.to_string().as_str()]), depth + 1, texts)?;
        }
    }
    if let Some(part) = &filter.not {
        collect_search_texts(part, &below(at, &["not"]), depth + 1, texts)?;
    }
    Ok(())
}
