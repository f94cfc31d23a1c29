//! Filters of products by their stock, as clients write them.

use async_graphql::Context;
use entity::id::kind::StoreId;
use iam::access::{Reach, kind};
use inventory::catalog::{
    core::text,
    rows::{
        filter::Filter,
        stock_filter::{StockTest, StoresTest},
    },
};

use super::filter_limits::{check_list_length, check_text};
use crate::keyed_filters::below;
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        filters::{IdFilter, StoreIdFilter},
        refusal::Path,
    },
    stock::StockStatus,
};

/// The test of a product's stock; None if the filter has no condition on it.
pub(crate) fn stock_test(statuses: Option<Vec<StockStatus>>, stores: Option<StoreIdFilter>, at: &Path) -> Answer<Option<Filter>> {
    if let Some(statuses) = &statuses {
        check_list_length(statuses.len(), &below(at, &["stockStatus"]))?;
    }
    let stores = stores.map_or_else(|| Ok(Vec::new()), |stores| stores_tests(stores, &below(at, &["stockedIn"])))?;
    if statuses.is_none() && stores.is_empty() {
        return Ok(None);
    }
    let statuses = statuses.map(|list| list.into_iter().map(Into::into).collect());
    Ok(Some(Filter::Stock(StockTest { statuses, stores, seen: None })))
}

fn stores_tests(StoreIdFilter { eq, one_of, key }: StoreIdFilter, at: &Path) -> Answer<Vec<StoresTest>> {
    let field: Vec<&str> = at.iter().map(String::as_str).collect();
    let ids = IdFilter { eq, one_of, ..IdFilter::default() }.ids::<StoreId>(&field)?;
    let mut tests: Vec<StoresTest> =
        ids.map(|ids| StoresTest::Ids(ids.into_iter().map(entity::id::Id::uuid).collect())).into_iter().collect();
    if let Some(codes) = key {
        let at = below(at, &["key"]);
        check_list_length(codes.len(), &at)?;
        let folded_codes = codes.into_iter().map(|code| check_text(code, &at).map(|code| text::fold(code.trim())));
        tests.push(StoresTest::Codes(folded_codes.collect::<Answer<_>>()?));
    }
    Ok(tests)
}

/// Limits a filter's conditions on stock to the stores whose stock the caller may see. A caller who
/// may see none is refused.
pub(crate) fn limit_to_visible_stores(ctx: &Context<'_>, filter: &mut Filter) -> Answer<()> {
    if filter.tests_stock()
        && let Reach::Stores(stores) = ctx.permit::<kind::StockRead>()?.reach()
    {
        filter.restrict_to_stores(&stores);
    }
    Ok(())
}
