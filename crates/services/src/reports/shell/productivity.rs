//! Productivity of stock by product, category or store.

use std::collections::{BTreeMap, HashMap};

use entity::prelude::*;
use iam::access::{Permit, kind};
use inventory::{catalog::rows::page::ProductCondition, purchasing::core::allocate_proportionally};
use platform::{
    paging::Key,
    storage::{Database, SideBySide, TenantScope},
};
use uuid::Uuid;

use super::report_context::{
    RankedRow, ReportSource, costs_source, largest_first, restrict_to_permit, sort_rows, to_safe_integer,
};
use crate::{
    insight::shell::ReportError,
    reports::{
        core::{Productivity, Span},
        rows::{self, BookedAmounts, LevelFlow, ReportFilter},
    },
};

/// Grouping of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProductivityGroup {
    Product,
    Category,
    Store,
}

/// Sort field of rows, the largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProductivityTop {
    NetRevenue,
    SoldUnits,
    SellThrough,
    StockValue,
    Gmroi,
}

impl ProductivityTop {
    /// Whether the sort order reveals costs of products.
    pub const fn shows_costs(self) -> bool {
        matches!(self, Self::StockValue | Self::Gmroi)
    }
}

/// Options of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProductivityOptions {
    pub group: ProductivityGroup,
    pub top: ProductivityTop,
    /// Whether the days before are summed as well, which takes longer.
    pub with_before: bool,
    /// Whether the categories of products are summed as well, which doubles the time if the report
    /// is restricted to some products.
    pub with_category: bool,
}

/// A row: the nil ID is the group of levels without one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProductivityRow {
    pub key: Uuid,
    pub sums: Productivity,
    /// Sums of the days before; None if they have no facts.
    pub before: Option<Productivity>,
    /// Sums of the product's category, including the products that the filter leaves out.
    pub category: Option<Productivity>,
}

/// Rows by group, and their total.
#[derive(Debug, Clone)]
pub struct ProductivityReport {
    pub source: ReportSource,
    /// Whether transfers count as received: rows, and totals, are of stores.
    pub rows_of_stores: bool,
    pub totals_of_stores: bool,
    pub totals: Productivity,
    pub totals_before: Option<Productivity>,
    pub rows: Vec<RankedRow<ProductivityRow>>,
}

/// Sums of some days, by group.
#[derive(Default)]
struct GroupSums {
    totals: Productivity,
    groups: BTreeMap<Uuid, Productivity>,
    /// Categories of products, if rows are products.
    categories: HashMap<Uuid, Uuid>,
}

/// Sums levels of the stores that the permit is for.
pub async fn stock_productivity(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    report_filter: ReportFilter,
    options: ProductivityOptions,
) -> Result<ProductivityReport, ReportError> {
    let scope = permit.scope(db).long();
    let report_filter = restrict_to_permit(&permit, report_filter);
    let (source, method) = costs_source(db, &scope, report_filter.span).await?;
    let books = (source.currency, method);
    let days_before = options.with_before.then(|| report_filter.span.before());
    let (levels, before) = Box::pin(read_levels(&scope, &report_filter, books, days_before)).await?;
    let GroupSums { totals, groups, categories } = sum_by_group(&levels, &report_filter, options.group)?;
    let all_products = ProductCondition::default();
    let category_sums = if !options.with_category || options.group != ProductivityGroup::Product {
        BTreeMap::new()
    } else if report_filter.products == all_products {
        sum_by_group(&levels, &report_filter, ProductivityGroup::Category)?.groups
    } else {
        let report_filter = ReportFilter { products: all_products, ..report_filter.clone() };
        let (levels, _) = Box::pin(read_levels(&scope, &report_filter, books, None)).await?;
        sum_by_group(&levels, &report_filter, ProductivityGroup::Category)?.groups
    };
    let before = before.map(|levels| sum_by_group(&levels, &report_filter, options.group)).transpose()?.unwrap_or_default();
    let totals_of_stores = report_filter.stores.is_some();
    let rows_of_stores = totals_of_stores || options.group == ProductivityGroup::Store;
    let days = source.span.days();
    let sort_value = |sums: &Productivity| match options.top {
        ProductivityTop::NetRevenue => Some(sums.net as f64),
        ProductivityTop::SoldUnits => Some(sums.sold as f64),
        ProductivityTop::SellThrough => sums.sell_through(rows_of_stores),
        ProductivityTop::StockValue => Some(sums.mean_value(days)),
        ProductivityTop::Gmroi => sums.gmroi(days),
    };
    let row = |(key, sums): (Uuid, Productivity)| {
        let before = before.groups.get(&key).copied();
        let category = categories.get(&key).and_then(|category_id| category_sums.get(category_id)).copied();
        (ProductivityRow { key, sums, before, category }, vec![largest_first(sort_value(&sums)), Key::Id(key)])
    };
    let rows = sort_rows(groups.into_iter().map(row).collect());
    let totals_before = (!before.groups.is_empty()).then_some(before.totals);
    Ok(ProductivityReport { source, rows_of_stores, totals_of_stores, totals, totals_before, rows })
}

/// The selected levels of all stores, and those of the days before: read concurrently, as each is a
/// long statement.
async fn read_levels(
    scope: &TenantScope,
    report_filter: &ReportFilter,
    (currency, method): (Currency, CostingMethod),
    before: Option<Span>,
) -> Result<(Vec<LevelFlow>, Option<Vec<LevelFlow>>), ReportError> {
    let (reads, earlier) = (&SideBySide(scope), before.map(|span| ReportFilter { span, ..report_filter.clone() }));
    let flows_before = async {
        match &earlier {
            Some(earlier) => rows::level_flows(reads, earlier, currency).await,
            None => Ok(Vec::new()),
        }
    };
    let (flows, flows_before, (booked, booked_before)) = tokio::try_join!(
        rows::level_flows(reads, report_filter, currency),
        flows_before,
        rows::booked_amounts(reads, report_filter, method, before)
    )?;
    let before = booked_before.map(|booked| merge_costs(flows_before, booked));
    Ok((merge_costs(flows, booked), before))
}

/// Sums of levels by group, of the stores that the narrowing has.
fn sum_by_group(levels: &[LevelFlow], report_filter: &ReportFilter, group: ProductivityGroup) -> Result<GroupSums, ReportError> {
    let is_visible = |store: StoreId| report_filter.stores.as_ref().is_none_or(|visible_stores| visible_stores.contains(&store));
    let mut group_sums = GroupSums::default();
    for level in levels.iter().filter(|level| is_visible(level.store)) {
        group_sums.totals.join(&level.sums);
        let key = match group {
            ProductivityGroup::Product => {
                let key = level.product.uuid();
                group_sums.categories.extend(level.category.map(|category| (key, category.uuid())));
                key
            }
            ProductivityGroup::Category => level.category.map_or_else(Uuid::nil, CategoryId::uuid),
            ProductivityGroup::Store => level.store.uuid(),
        };
        group_sums.groups.entry(key).or_default().join(&level.sums);
    }
    for sums in group_sums.groups.values().chain([&group_sums.totals]) {
        is_exact(sums)?;
    }
    Ok(group_sums)
}

/// Each level with its cost and its share of its product's value: in proportion to its units at the
/// end of each day, as the cost books have no stores. The value of a product that had no units in
/// any store, but in transit between two of them, belongs to no store.
fn merge_costs(flows: Vec<LevelFlow>, BookedAmounts { values, costs }: BookedAmounts) -> Vec<LevelFlow> {
    let mut levels: BTreeMap<(ProductId, StoreId), LevelFlow> = BTreeMap::new();
    let mut categories = HashMap::new();
    for flow in flows {
        categories.insert(flow.product, flow.category);
        levels.insert((flow.product, flow.store), flow);
    }
    let empty = |product: ProductId, store: StoreId| LevelFlow {
        product,
        category: categories.get(&product).copied().flatten(),
        store,
        sums: Productivity::default(),
        closing_sum: 0,
    };
    for cost in costs {
        let level = levels.entry((cost.product, cost.store)).or_insert_with(|| empty(cost.product, cost.store));
        level.sums.cost += i128::from(cost.sold);
        level.sums.returned_cost += i128::from(cost.returned);
    }
    for (product, value) in values {
        let product_range = (product, StoreId::NIL)..=(product, StoreId::from_uuid(Uuid::max()));
        let weights: Vec<i64> = levels.range(product_range.clone()).map(|(_, level)| level.closing_sum.max(0)).collect();
        if let Some(shares) = allocate_proportionally(value, &weights) {
            for ((_, level), share) in levels.range_mut(product_range).zip(shares) {
                level.sums.value_sum += i128::from(share);
            }
        } else {
            let first_day = levels.range(product_range).filter_map(|(_, level)| level.sums.first_day).min();
            let level = levels.entry((product, StoreId::NIL)).or_insert_with(|| empty(product, StoreId::NIL));
            level.sums.value_sum += i128::from(value);
            level.sums.first_day = first_day;
        }
    }
    levels.into_values().collect()
}

/// Checks that each sum can be represented exactly by clients.
fn is_exact(sums: &Productivity) -> Result<(), ReportError> {
    let exact_sums = [sums.opening, sums.received_units(true), sums.sold, sums.closing, sums.net, sums.cost, sums.returned_cost];
    exact_sums.into_iter().try_for_each(|sum| to_safe_integer(sum).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::rows::LevelCost;

    #[test]
    fn a_product_s_value_is_shared_by_the_units_of_its_stores() {
        let id = |nth| Uuid::from_u128(nth);
        let (product, one, other) = (ProductId::from_uuid(id(1)), StoreId::from_uuid(id(2)), StoreId::from_uuid(id(3)));
        let flow = |store, closing_sum| LevelFlow { product, category: None, store, sums: Productivity::default(), closing_sum };
        let values = HashMap::from([(product, 1_000)]);
        let found = merge_costs(vec![flow(one, 2), flow(other, 1)], BookedAmounts { values: values.clone(), costs: Vec::new() });
        assert_eq!(found.iter().map(|level| level.sums.value_sum).collect::<Vec<_>>(), [667, 333]);
        let cost = LevelCost { product, store: other, sold: 70, returned: 7 };
        let found = merge_costs(vec![flow(one, 0)], BookedAmounts { values, costs: vec![cost] });
        let sums: Vec<_> = found.iter().map(|level| (level.store, level.sums.value_sum, level.sums.cost)).collect();
        assert_eq!(sums, [(StoreId::NIL, 1_000, 0), (one, 0, 0), (other, 0, 70)]);
    }
}
