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
    catalog::loads,
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
    /// Adds its tests with a period, and those of the filters inside it. `around` is the test of stores of the filter that it is inside of, or of
    /// another part of the same `and`.
    fn dated<'a>(&'a mut self, _at: &[String], _around: Option<&IdFilter>, _found: &mut Vec<DatedTest<'a>>) {}
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
            fn dated<'a>(
                &'a mut self,
                at: &[String],
                around: Option<&$crate::graphql::filters::IdFilter>,
                found: &mut Vec<$crate::periods::DatedTest<'a>>,
            ) {
                let beside: Option<$crate::graphql::filters::IdFilter> =
                    None$(.or_else(|| $crate::periods::single_test(self.and.iter().flatten().filter_map(|part| part.$store.as_ref()))))?;
                let stores = $crate::periods::last_given_test([around, beside.as_ref(), $(self.$store.as_ref())?]);
                $($crate::periods::add(&mut self.$field, (at, $name), stores, found);)+
                for (name, parts) in [("and", &mut self.and), ("or", &mut self.or)] {
                    for (index, part) in parts.iter_mut().flatten().enumerate() {
                        let at = $crate::keyed_filters::below(at, &[name, index.to_string().as_str()]);
                        $crate::periods::DatedFilter::dated(part, &at, stores, found);
                    }
                }
                if let Some(part) = &mut self.not {
                    let at = $crate::keyed_filters::below(at, &["not"]);
                    $crate::periods::DatedFilter::dated(&mut **part, &at, stores, found);
                }
            }
        }
    };
}

/// The last given test of stores: a filter's own test follows that of the enclosing filter.
pub fn last_given_test<const N: usize>(tests: [Option<&IdFilter>; N]) -> Option<&IdFilter> {
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
    found: &mut Vec<DatedTest<'a>>,
) {
    if let Some(test) = test.as_mut().filter(|test| test.period().is_some()) {
        found.push(DatedTest { test, at: below(at, &[name]), stores: stores.map(stores_named).unwrap_or_default() });
    }
}

/// The stores that a test names by their IDs. Texts that are no ID of a store are skipped here, and
/// refused when the test is compiled.
fn stores_named(test: &IdFilter) -> Vec<StoreId> {
    let ids = test.eq.as_ref().map(std::slice::from_ref).or(test.one_of.as_deref()).unwrap_or_default();
    ids.iter().filter_map(|id| id.parse().ok()).collect()
}

/// Returns the filter of the argument `filter` with periods replaced by ranges, as of now. One
/// statement for the tenant's time zone, one for stores that are not loaded yet; none without
/// periods.
pub async fn in_days<F: DatedFilter>(ctx: &Context<'_>, filter: Option<F>) -> Answer<Option<F>> {
    let Some(mut filter) = filter else { return Ok(None) };
    resolve_period(ctx, &mut filter, "filter").await?;
    Ok(Some(filter))
}

/// Replaces periods in place, for an argument of another name.
pub async fn resolve_period<F: DatedFilter>(ctx: &Context<'_>, filter: &mut F, argument: &str) -> Answer<()> {
    let mut found = Vec::new();
    filter.dated(&[argument.to_owned()], None, &mut found);
    if found.is_empty() { Ok(()) } else { Box::pin(replace(ctx, found)).await }
}

async fn replace(ctx: &Context<'_>, found: Vec<DatedTest<'_>>) -> Answer<()> {
    let (now, loads) = (ctx.given::<Ledger>()?.clock().now(), loads(ctx)?);
    let named: BTreeSet<StoreId> = found.iter().flat_map(|one| one.stores.iter().copied()).collect();
    let stores = loads.load_stores(named.into_iter().collect()).await?;
    let is_of_stores = found.iter().all(|one| zone_of(&one.stores, &stores).is_some());
    let own = if is_of_stores { String::new() } else { tenant_zone(loads.scope()).await? };
    for one in found {
        let time_zone = zone_of(&one.stores, &stores).unwrap_or(&own);
        one.test.resolve_period(local_day(now, time_zone), time_zone);
    }
    Ok(())
}

/// The time zone that all of these stores share. None without stores, or if they have several.
fn zone_of<'a>(named: &[StoreId], stores: &'a HashMap<StoreId, Arc<StoreRow>>) -> Option<&'a str> {
    let mut zones = named.iter().filter_map(|id| stores.get(id)).map(|store| store.time_zone.as_str());
    let first = zones.next()?;
    zones.all(|zone| zone == first).then_some(first)
}

/// Refuses periods in the argument `filter` of a subscription: rows leave a day without any event.
pub fn without_periods<F: DatedFilter>(mut filter: Option<F>) -> Answer<Option<F>> {
    let mut found = Vec::new();
    if let Some(filter) = &mut filter {
        filter.dated(&["filter".to_owned()], None, &mut found);
    }
    let place = found.into_iter().next().map(|one| below(&one.at, &["period"]));
    match place {
        Some(place) => {
            Err(TopError::bad_input("period is not taken here, as no event reports the end of a day: use gte and lt", place))
        }
        None => Ok(filter),
    }
}
