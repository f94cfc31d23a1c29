//! Filters of movements that name documents by number: `reference: { key: ["SO-000007"] }` is
//! replaced by IDs before the rest of the filter is compiled.

use async_graphql::Context;

use super::movement_filter::MovementFilter;
use crate::{
    graphql::{fault::Answer, filters::IdFilter},
    keyed_filters::{
        below,
        visible_keys::{GOODS_DOCUMENT_KINDS, check_number_limit, documents, take_keys},
    },
};

/// Returns the filter of the argument `filter` with numbers replaced by IDs, of documents that the
/// caller sees, since a movement shows no others. An unknown number is left out, so a test whose
/// numbers are all unknown matches nothing.
pub async fn resolve_document_numbers(ctx: &Context<'_>, filter: Option<MovementFilter>) -> Answer<Option<MovementFilter>> {
    let Some(mut filter) = filter else { return Ok(None) };
    replace_numbers_with_ids(ctx, &mut filter).await?;
    Ok(Some(filter))
}

async fn replace_numbers_with_ids(ctx: &Context<'_>, filter: &mut MovementFilter) -> Answer<()> {
    let mut numbered_tests = Vec::new();
    collect_numbered_tests(filter, &["filter".to_owned()], &mut numbered_tests);
    check_number_limit(numbered_tests.iter().map(|(test, _)| &**test), "filter")?;
    for (test, at) in numbered_tests {
        let numbers = take_keys(test, &at)?;
        test.one_of = Some(Box::pin(documents(ctx, &numbers, &GOODS_DOCUMENT_KINDS)).await?);
    }
    Ok(())
}

/// Adds the references of the filter that are named by numbers, and those of the filters inside it, with their places.
fn collect_numbered_tests<'a>(
    filter: &'a mut MovementFilter,
    at: &[String],
    numbered_tests: &mut Vec<(&'a mut IdFilter, Vec<String>)>,
) {
    if let Some(test) = filter.reference.as_mut().filter(|test| test.key.is_some()) {
        numbered_tests.push((test, below(at, &["reference"])));
    }
    for (name, parts) in [("and", &mut filter.and), ("or", &mut filter.or)] {
        for (index, part) in parts.iter_mut().flatten().enumerate() {
            collect_numbered_tests(part, &below(at, &[name, index.to_string().as_str()]), numbered_tests);
        }
    }
    if let Some(part) = &mut filter.not {
        collect_numbered_tests(part, &below(at, &["not"]), numbered_tests);
    }
}
