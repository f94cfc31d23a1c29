//! Sums of the report builder that its statement does not compute: stock and its value at the end
//! of days, and the cost of stock-outs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::prelude::*;
use inventory::purchasing::core::allocate_proportionally;
use platform::storage::TenantScope;
use uuid::Uuid;

use super::{builder_error::BuilderError, lost_sales::lost_levels};
use crate::{
    demand::rows::FactKey,
    insight::shell::ReportError,
    reports::{
        core::{Base, BaseSource, BuilderRefusal, ComparisonPeriod, MAX_GROUPS, ReportDimension, ReportSpec, Span},
        rows::{self, BuiltGroup, ProductGroups, ReportFilter, StockChange},
    },
};

/// Default share of buyers who take a substitute, as in `lostSales`.
const SUBSTITUTION: f64 = 0.2;

/// Input of the sums of levels.
pub(super) struct Levels<'a> {
    pub scope: &'a TenantScope,
    pub filter: &'a ReportFilter,
    pub spec: &'a ReportSpec,
    pub before: Option<&'a ComparisonPeriod>,
    pub currency: Currency,
    /// None if no value is requested, or if values are hidden.
    pub method: Option<CostingMethod>,
}

/// The last day of a row: the day, whether it is of the report or of the compared days, and the
/// row's key.
struct RowEnd {
    last: i32,
    is_before: bool,
    key: Option<i32>,
}

/// Groups by their keys, with the sums of the report's days and of the compared ones.
#[derive(Default)]
struct Sums(BTreeMap<Vec<FactKey>, BTreeMap<(usize, bool), i64>>);

/// Levels of groups so far, by the sum that each is of.
#[derive(Default)]
struct RunningLevels(BTreeMap<Vec<FactKey>, BTreeMap<usize, i64>>);

impl RunningLevels {
    fn add(&mut self, keys: Vec<FactKey>, nth: usize, change: i64) {
        *self.0.entry(keys).or_default().entry(nth).or_default() += change;
    }
}

/// The keys of products and stores; time is filled in later.
struct Keys<'a> {
    spec: &'a ReportSpec,
    groups: HashMap<ProductId, ProductGroups>,
}

impl Keys<'_> {
    fn of(&self, product: ProductId, store: StoreId) -> Vec<FactKey> {
        let groups = self.groups.get(&product).copied().unwrap_or_default();
        let key = |dimension: &ReportDimension| match dimension {
            ReportDimension::Product => FactKey::Id(product.uuid()),
            ReportDimension::Category => FactKey::Id(groups.category.unwrap_or_default()),
            ReportDimension::TopCategory => FactKey::Id(groups.top_category.unwrap_or_default()),
            ReportDimension::Supplier => FactKey::Id(groups.supplier.unwrap_or_default()),
            ReportDimension::Store => FactKey::Id(store.uuid()),
            ReportDimension::Channel => FactKey::Id(Uuid::nil()),
            ReportDimension::Day
            | ReportDimension::Week
            | ReportDimension::Month
            | ReportDimension::Quarter
            | ReportDimension::Year
            | ReportDimension::Weekday => FactKey::Date(0),
        };
        self.spec.dimensions.iter().map(key).collect()
    }
}

impl Sums {
    fn set(&mut self, keys: Vec<FactKey>, slot: (usize, bool), sum: i64) -> Result<(), BuilderRefusal> {
        if sum == 0 && !self.0.contains_key(&keys) {
            return Ok(());
        }
        self.0.entry(keys).or_default().insert(slot, sum);
        if self.0.len() > MAX_GROUPS { Err(BuilderRefusal::Groups) } else { Ok(()) }
    }

    /// Adds them to the statement's groups.
    fn join(mut self, groups: &mut Vec<BuiltGroup>, count: usize) {
        let set_sums = |group: &mut BuiltGroup, sums: BTreeMap<(usize, bool), i64>| {
            for ((nth, is_before), sum) in sums {
                let side = if is_before { &mut group.before } else { &mut group.now };
                side[nth] = sum;
            }
        };
        for group in groups.iter_mut() {
            if let Some(sums) = self.0.remove(&group.keys) {
                set_sums(group, sums);
            }
        }
        for (keys, sums) in self.0 {
            if sums.values().any(|sum| *sum != 0) {
                let mut group = BuiltGroup { keys, now: vec![0; count], before: vec![0; count] };
                set_sums(&mut group, sums);
                groups.push(group);
            }
        }
    }
}

/// Adds the requested sums that the statement does not compute to the groups.
pub(super) async fn add_levels(context: Levels<'_>, groups: &mut Vec<BuiltGroup>) -> Result<(), BuilderError> {
    let bases = context.spec.bases();
    let nth = |base: Base| bases.iter().position(|candidate| *candidate == base);
    let units = nth(Base::Closing).filter(|_| context.spec.unit().is_some());
    let value = nth(Base::StockValue).filter(|_| context.method.is_some());
    let is_of_stockouts = context.spec.sums(BaseSource::Stockouts);
    if units.is_none() && value.is_none() && !is_of_stockouts {
        return Ok(());
    }
    let needs_groups =
        context.spec.dimensions.iter().any(|candidate| candidate.is_of_products() && *candidate != ReportDimension::Product);
    let groups_by_product = if needs_groups {
        rows::product_groups(context.scope, context.filter).await.map_err(ReportError::from)?
    } else {
        HashMap::new()
    };
    let keys = Keys { spec: context.spec, groups: groups_by_product };
    let mut sums = Sums::default();
    if is_of_stockouts {
        for (report_filter, is_before) in report_periods(&context) {
            add_stockouts(&context, (&report_filter, is_before), &keys, &mut sums).await?;
        }
    }
    if units.is_some() || value.is_some() {
        add_closing_stock(&context, (units, value), &keys, &mut sums).await?;
    }
    sums.join(groups, bases.len());
    Ok(())
}

/// The report's days, and those before, without days that are still to come.
fn report_periods(context: &Levels<'_>) -> Vec<(ReportFilter, bool)> {
    let before = context.before.map(|before| (before.span, true));
    let sides = before.into_iter().chain([(context.filter.span, false)]);
    let clipped = |(span, is_before): (Span, bool)| {
        let span = span.until(context.spec.latest_day)?;
        Some((ReportFilter { span, ..context.filter.clone() }, is_before))
    };
    sides.filter_map(clipped).collect()
}

/// Adds the cost of stock-outs by group: lost units of levels are summed unrounded, and rounded
/// once; lost revenue is rounded for each level.
async fn add_stockouts(
    context: &Levels<'_>,
    (report_filter, is_before): (&ReportFilter, bool),
    keys: &Keys<'_>,
    sums: &mut Sums,
) -> Result<(), BuilderError> {
    let bases = context.spec.bases();
    let mut lost_sums: BTreeMap<Vec<FactKey>, (f64, i64)> = BTreeMap::new();
    for level in lost_levels(context.scope, report_filter, context.currency, SUBSTITUTION).await? {
        let sum = lost_sums.entry(keys.of(level.product, level.store)).or_default();
        sum.0 += level.capped.map_or(0.0, |units| units.mid);
        sum.1 = sum.1.saturating_add(level.revenue.map_or(0, |revenue| revenue.mid));
    }
    for (keys, (units, revenue)) in lost_sums {
        for (nth, base) in bases.iter().enumerate() {
            let sum = match base {
                Base::LostUnits => (units * 1e6).round() as i64,
                Base::LostRevenue => revenue,
                _ => continue,
            };
            sums.set(keys.clone(), (nth, is_before), sum)?;
        }
    }
    Ok(())
}

/// The ends of rows, in order: of the days before, and of the report's.
fn row_ends(context: &Levels<'_>) -> Vec<RowEnd> {
    let whole_period = |last: i32, is_before: bool| RowEnd { last, is_before, key: None };
    let Some(unit) = context.spec.unit() else {
        let before = context.before.map(|before| whole_period(before.span.to, true));
        return before.into_iter().chain([whole_period(context.filter.span.to, false)]).collect();
    };
    let before = context.before.map(|before| before.buckets(unit)).unwrap_or_default().into_iter().map(|bucket| (bucket, true));
    let now = unit.buckets(context.filter.span).into_iter().map(|bucket| (bucket, false));
    before.chain(now).map(|(bucket, is_before)| RowEnd { last: bucket.last, is_before, key: Some(bucket.key) }).collect()
}

/// A product's value, its units by store, and the shares of stores in the value that are counted.
#[derive(Default)]
struct ProductStock {
    value: i64,
    units: BTreeMap<StoreId, i64>,
    shares: Vec<(StoreId, i64)>,
}

impl ProductStock {
    /// The shares of the visible stores in the value, by their units; a value without units in any
    /// store belongs to no store.
    fn allocate_value(&self, is_by_store: bool, is_visible: impl Fn(StoreId) -> bool) -> Vec<(StoreId, i64)> {
        let weights: Vec<i64> = self.units.values().map(|units| (*units).max(0)).collect();
        let shares: Vec<(StoreId, i64)> = match allocate_proportionally(self.value, &weights).filter(|_| is_by_store) {
            Some(shares) => self.units.keys().copied().zip(shares).collect(),
            None => vec![(StoreId::NIL, self.value)],
        };
        shares.into_iter().filter(|(store, share)| *share != 0 && is_visible(*store)).collect()
    }
}

/// Stock and its value at the end of each row's days: changes are added up in the order of days.
async fn add_closing_stock(
    context: &Levels<'_>,
    (units, value): (Option<usize>, Option<usize>),
    keys: &Keys<'_>,
    sums: &mut Sums,
) -> Result<(), BuilderError> {
    let ends = row_ends(context);
    let days: Vec<i32> = ends.iter().map(|end| end.last).collect();
    let is_by_store = context.filter.stores.is_some() || context.spec.dimensions.contains(&ReportDimension::Store);
    let is_visible = |store: StoreId| context.filter.stores.as_ref().is_none_or(|visible_stores| visible_stores.contains(&store));
    let mut changes: BTreeMap<i32, Vec<StockChange>> = BTreeMap::new();
    if units.is_some() || is_by_store {
        add_by_day(&mut changes, rows::unit_changes(context.scope, context.filter, &days).await.map_err(ReportError::from)?);
    }
    if let Some(method) = context.method.filter(|_| value.is_some()) {
        add_by_day(
            &mut changes,
            rows::value_changes(context.scope, context.filter, &days, method).await.map_err(ReportError::from)?,
        );
    }
    let mut products: HashMap<ProductId, ProductStock> = HashMap::new();
    let mut running = RunningLevels::default();
    for end in ends {
        let mut changed = BTreeSet::new();
        while changes.first_key_value().is_some_and(|(day, _)| *day <= end.last) {
            for StockChange { product, store, change, .. } in
                changes.pop_first().into_iter().flat_map(|(_, day_changes)| day_changes)
            {
                let stock = products.entry(product).or_default();
                changed.insert(product);
                match store {
                    Some(store) => {
                        *stock.units.entry(store).or_default() += change;
                        if let Some(nth) = units.filter(|_| is_visible(store)) {
                            running.add(keys.of(product, store), nth, change);
                        }
                    }
                    None => stock.value += change,
                }
            }
        }
        for product in changed {
            let (Some(nth), Some(stock)) = (value, products.get_mut(&product)) else { continue };
            let shares = stock.allocate_value(is_by_store, is_visible);
            for (store, share) in std::mem::replace(&mut stock.shares, shares.clone()) {
                running.add(keys.of(product, store), nth, -share);
            }
            for (store, share) in shares {
                running.add(keys.of(product, store), nth, share);
            }
        }
        for (group, levels) in &running.0 {
            for (nth, level) in levels.iter().filter(|(_, level)| **level != 0) {
                sums.set(time_keys(group, end.key), (*nth, end.is_before), *level)?;
            }
        }
    }
    Ok(())
}

fn add_by_day(changes: &mut BTreeMap<i32, Vec<StockChange>>, stock_changes: Vec<StockChange>) {
    for change in stock_changes {
        changes.entry(change.day).or_default().push(change);
    }
}

/// The keys of a group in a row of time.
fn time_keys(group: &[FactKey], time: Option<i32>) -> Vec<FactKey> {
    let key = |key: &FactKey| match (key, time) {
        (FactKey::Date(_), Some(day)) => FactKey::Date(day),
        _ => *key,
    };
    group.iter().map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shared_by_units_and_belongs_to_no_store_without_them() {
        let (one, other) = (StoreId::from_uuid(Uuid::from_u128(1)), StoreId::from_uuid(Uuid::from_u128(2)));
        let mut stock = ProductStock { value: 1_000, ..ProductStock::default() };
        assert_eq!(stock.allocate_value(true, |_| true), [(StoreId::NIL, 1_000)]);
        stock.units = BTreeMap::from([(one, 2), (other, 1)]);
        assert_eq!(stock.allocate_value(true, |_| true), [(one, 667), (other, 333)]);
        assert_eq!(stock.allocate_value(true, |store| store == other), [(other, 333)]);
        assert_eq!(stock.allocate_value(false, |_| true), [(StoreId::NIL, 1_000)]);
    }
}
