//! Filters that name days by a period: `placedAt: { period: TODAY }` becomes a range before the rest of a filter is read.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_graphql::Context;
use entity::prelude::StoreId;
use inventory::{
    catalog::{core::store::StoreRow, rows::small_tables::tenant_zone},
    ledger::Ledger,
};
use platform::clock::local_day;

use crate::{
    catalog::catalog_loaders,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        filters::{IdFilter, PeriodTest},
    },
    keyed_filters::below,
};

/// A test with a period, its place, and the stores that the filter around it names.
pub struct DatedTest<'a> {
    test: &'a mut (dyn PeriodTest + Send),
    at: Vec<String>,
    stores: Vec<StoreId>,
}

/// A filter that may have ranges of time or of days.
pub trait DatedFilter {
    /// Adds its tests with a period, and those of the filters inside it. `_outer_test` is the test of stores of the filter that it is inside of, or of
    /// another part of the same `and`.
    fn collect_dated_tests<'a>(
        &'a mut self,
        _at: &[String],
        _outer_test: Option<&IdFilter>,
        _dated_tests: &mut Vec<DatedTest<'a>>,
    ) {
    }
}

/// Declares the tests of a filter that are ranges of time or of days: in brackets the field that
/// names a store, then names and fields. `flat` marks filters without `and`, `or` and `not`, which
/// have no such tests.
#[macro_export]
macro_rules! dated_filter {
    (flat $filter:ty,) => {
        impl $crate::periods::DatedFilter for $filter {}
    };
    ($filter:ty,) => {
        impl $crate::periods::DatedFilter for $filter {}
    };
    ($filter:ty, [$($store:ident)?] $($name:literal $field:ident),+ $(,)?) => {
        impl $crate::periods::DatedFilter for $filter {
            fn collect_dated_tests<'a>(
                &'a mut self,
                at: &[String],
                outer_test: Option<&$crate::graphql::filters::IdFilter>,
                dated_tests: &mut Vec<$crate::periods::DatedTest<'a>>,
            ) {
                let sibling_test: Option<$crate::graphql::filters::IdFilter> =
                    None$(.or_else(|| $crate::periods::single_test(self.and.iter().flatten().filter_map(|part| part.$store.as_ref()))))?;
                let stores = $crate::periods::last_store_test([outer_test, sibling_test.as_ref(), $(self.$store.as_ref())?]);
                $($crate::periods::add(&mut self.$field, (at, $name), stores, dated_tests);)+
                for (name, parts) in [("and", &mut self.and), ("or", &mut self.or)] {
                    for (index, part) in parts.iter_mut().flatten().enumerate() {
                        let at = $crate::keyed_filters::below(at, &[name, index.to_string().as_str()]);
                        $crate::periods::DatedFilter::collect_dated_tests(part, &at, stores, dated_tests);
                    }
                }
                if let Some(part) = &mut self.not {
                    let at = $crate::keyed_filters::below(at, &["not"]);
                    $crate::periods::DatedFilter::collect_dated_tests(&mut **part, &at, stores, dated_tests);
                }
            }
        }
    };
}

/// The last given test of stores: a filter's own test follows that of the enclosing filter.
pub fn last_store_test<const N: usize>(tests: [Option<&IdFilter>; N]) -> Option<&IdFilter> {
    tests.into_iter().flatten().next_back()
}

/// A copy of the only test of stores among the parts of an `and`, which must all hold; None if
/// several parts have one.
pub fn single_test<'a>(mut tests: impl Iterator<Item = &'a IdFilter>) -> Option<IdFilter> {
    let first = tests.next()?;
    tests.next().is_none().then(|| first.clone())
}

/// Adds a test if it has a period.
pub fn add<'a, T: PeriodTest + Send>(
    test: &'a mut Option<T>,
    (at, name): (&[String], &str),
    stores: Option<&IdFilter>,
    dated_tests: &mut Vec<DatedTest<'a>>,
) {
    if let Some(test) = test.as_mut().filter(|test| test.period().is_some()) {
        dated_tests.push(DatedTest { test, at: below(at, &[name]), stores: stores.map(parse_store_ids).unwrap_or_default() });
    }
}

/// The stores that a test names by their IDs. Texts that are no ID of a store are skipped here, and
/// refused when the test is compiled.
fn parse_store_ids(test: &IdFilter) -> Vec<StoreId> {
    let ids = test.eq.as_ref().map(std::slice::from_ref).or(test.one_of.as_deref()).unwrap_or_default();
    ids.iter().filter_map(|id| id.parse().ok()).collect()
}

/// Returns the filter of the argument `filter` with periods replaced by ranges, as of now. One
/// statement for the tenant's time zone, one for stores that are not loaded yet; none without
/// periods.
pub async fn resolve_filter_periods<F: DatedFilter>(ctx: &Context<'_>, filter: Option<F>) -> Answer<Option<F>> {
    let Some(mut filter) = filter else { return Ok(None) };
    resolve_period(ctx, &mut filter, "filter").await?;
    Ok(Some(filter))
}

/// Replaces periods in place, for an argument of another name.
pub async fn resolve_period<F: DatedFilter>(ctx: &Context<'_>, filter: &mut F, argument: &str) -> Answer<()> {
    let mut dated_tests = Vec::new();
    filter.collect_dated_tests(&[argument.to_owned()], None, &mut dated_tests);
    if dated_tests.is_empty() { Ok(()) } else { Box::pin(replace(ctx, dated_tests)).await }
}

async fn replace(ctx: &Context<'_>, dated_tests: Vec<DatedTest<'_>>) -> Answer<()> {
    let (now, loads) = (ctx.required_data::<Ledger>()?.clock().now(), catalog_loaders(ctx)?);
    let store_ids: BTreeSet<StoreId> = dated_tests.iter().flat_map(|dated_test| dated_test.stores.iter().copied()).collect();
    let stores = loads.load_stores(store_ids.into_iter().collect()).await?;
    let has_store_zones = dated_tests.iter().all(|dated_test| zone_of(&dated_test.stores, &stores).is_some());
    let own_zone = if has_store_zones { String::new() } else { tenant_zone(loads.scope()).await? };
    for dated_test in dated_tests {
        let time_zone = zone_of(&dated_test.stores, &stores).unwrap_or(&own_zone);
        dated_test.test.resolve_period(local_day(now, time_zone), time_zone);
    }
    Ok(())
}

/// The time zone that all of these stores share. None without stores, or if they have several.
fn zone_of<'a>(store_ids: &[StoreId], stores: &'a HashMap<StoreId, Arc<StoreRow>>) -> Option<&'a str> {
    let mut zones = store_ids.iter().filter_map(|id| stores.get(id)).map(|store| store.time_zone.as_str());
    let first = zones.next()?;
    zones.all(|zone| zone == first).then_some(first)
}

/// Refuses periods in the argument `filter` of a subscription: rows leave a day without any event.
pub fn without_periods<F: DatedFilter>(mut filter: Option<F>) -> Answer<Option<F>> {
    let mut dated_tests = Vec::new();
    if let Some(filter) = &mut filter {
        filter.collect_dated_tests(&["filter".to_owned()], None, &mut dated_tests);
    }
    let path = dated_tests.into_iter().next().map(|dated_test| below(&dated_test.at, &["period"]));
    match path {
        Some(path) => {
            Err(TopError::bad_input("period is not taken here, as no event reports the end of a day: use gte and lt", path))
        }
        None => Ok(filter),
    }
}
