//! Asking how stock has done: by level, and all together.

use std::collections::HashMap;

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use inventory::catalog::rows::page::ProductCondition;
use platform::storage::{Database, Fault, TenantScope, books::BookProgress};

use super::keep::catch_up_for_reader;
use crate::{
    demand::{
        core::StockPeriod,
        rows::{self, StockFilter},
    },
    insight::shell::ReportError,
};

/// Days that a report may be of.
pub const MAX_DAYS: i32 = 731;

/// A level over some days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelStock {
    pub product: ProductId,
    pub store: StoreId,
    pub period: StockPeriod,
    /// The same level in the days before the report; None if it had no stock then, or if they were
    /// not requested.
    pub before: Option<StockPeriod>,
    /// All products of the product's category in the store; None without a category, or if not
    /// requested.
    pub category: Option<CategoryStock>,
}

/// The levels of a category in a store, over the days of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CategoryStock {
    pub levels: i64,
    pub period: StockPeriod,
}

/// Periods and groups that turnovers are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Comparisons {
    /// The first and the last of the days before.
    pub before: Option<(i32, i32)>,
    pub with_category: bool,
}

/// Units lost to stock-outs, if the buyers' willingness to take a substitute is half, as requested,
/// or none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LostUnits {
    pub low: f64,
    pub mid: f64,
    pub high: f64,
}

impl LostUnits {
    /// Returns the lost units of one level; None if no day had stock.
    pub fn of(period: &StockPeriod, days: i64, substitution: f64) -> Option<Self> {
        let units_at = |share| period.lost_units(days, share);
        Some(Self { low: units_at(0.5)?, mid: units_at(substitution)?, high: units_at(0.0)? })
    }
}

/// Levels by the cost of their stock-outs, in descending order, and their totals.
#[derive(Debug, Clone, PartialEq)]
pub struct StockPerformance {
    pub progress: BookProgress,
    pub rows: Vec<LevelStock>,
    pub totals: StockPeriod,
    /// Sum over all levels in the days before the report; None if there was no level, or if not
    /// requested.
    pub before: Option<StockPeriod>,
    /// Sum over levels; a stock-out counts for `EVENT_DAYS` at most.
    pub lost: LostUnits,
    /// Levels without a figure, because no day had stock.
    pub unknown: i64,
}

/// Sums spans and days of the stores that the permit is for, of products that fulfil the condition too.
pub async fn stock_performance(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    (mut filter, products): (StockFilter, &ProductCondition),
    substitution: f64,
    comparisons: Comparisons,
) -> Result<StockPerformance, ReportError> {
    let progress = Box::pin(catch_up_for_reader(db, permit.tenant())).await?;
    if let Reach::Stores(own_stores) = permit.reach() {
        let requested = filter.stores.take();
        let is_visible = |store: &StoreId| requested.as_ref().is_none_or(|requested| requested.contains(store));
        filter.stores = Some(own_stores.iter().copied().filter(is_visible).collect());
    }
    let scope = permit.scope(db).long();
    if let Some(ids) = products.ids(&scope).await? {
        let requested = filter.products.take();
        filter.products =
            Some(ids.into_iter().filter(|id| requested.as_ref().is_none_or(|requested| requested.contains(id))).collect());
    }
    let (levels, before) =
        tokio::try_join!(rows::stock_periods(&scope, &filter), levels_before(&scope, &filter, comparisons.before))?;
    let categories =
        if comparisons.with_category { Categories::read(&scope, &filter, &levels).await? } else { Categories::default() };
    let (mut totals, mut total_lost, mut unknown) = (StockPeriod::default(), LostUnits::default(), 0);
    let mut ranked = Vec::with_capacity(levels.len());
    for (product, store, period) in levels {
        totals.join(&period);
        let lost_units = LostUnits::of(&period, period.capped_days, substitution);
        match lost_units {
            Some(lost_units) => {
                total_lost.low += lost_units.low;
                total_lost.mid += lost_units.mid;
                total_lost.high += lost_units.high;
            }
            None => unknown += 1,
        }
        let (before, category) = (before.get(&(product, store)).copied(), categories.stock(product, store));
        let level = LevelStock { product, store, period, before, category };
        ranked.push((lost_units.map_or(-1.0, |total_lost| total_lost.mid), level));
    }
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1.product, a.1.store).cmp(&(b.1.product, b.1.store))));
    let rows = ranked.into_iter().map(|(_, level)| level).collect();
    let before = before.into_values().reduce(|mut sum, one| {
        sum.join(&one);
        sum
    });
    Ok(StockPerformance { progress, rows, totals, before, lost: total_lost, unknown })
}

/// The levels of the filter over other days.
async fn levels_before(
    scope: &TenantScope,
    filter: &StockFilter,
    days: Option<(i32, i32)>,
) -> Result<HashMap<(ProductId, StoreId), StockPeriod>, Fault> {
    let Some((from, to)) = days else { return Ok(HashMap::new()) };
    let periods = rows::stock_periods(scope, &StockFilter { from, to, ..filter.clone() }).await?;
    Ok(periods.into_iter().map(|(product, store, period)| ((product, store), period)).collect())
}

/// Stock figures of categories by store, of all of their products, also those that the report
/// leaves out.
#[derive(Default)]
struct Categories {
    categories: HashMap<ProductId, CategoryId>,
    stock: HashMap<(CategoryId, StoreId), CategoryStock>,
}

impl Categories {
    async fn read(
        scope: &TenantScope,
        filter: &StockFilter,
        level_periods: &[(ProductId, StoreId, StockPeriod)],
    ) -> Result<Self, Fault> {
        let category_by_product = rows::products_of_same_category(scope, filter.products.as_deref()).await?;
        // The levels of all products have been read already.
        let category_periods = match &filter.products {
            Some(_) => {
                let products = Some(category_by_product.keys().copied().collect());
                Some(rows::stock_periods(scope, &StockFilter { products, ..filter.clone() }).await?)
            }
            None => None,
        };
        let mut stock: HashMap<(CategoryId, StoreId), CategoryStock> = HashMap::new();
        for (product, store, period) in category_periods.as_deref().unwrap_or(level_periods) {
            let Some(category) = category_by_product.get(product) else { continue };
            let sums = stock.entry((*category, *store)).or_default();
            sums.levels += 1;
            sums.period.join(period);
        }
        Ok(Self { categories: category_by_product, stock })
    }
    fn stock(&self, product: ProductId, store: StoreId) -> Option<CategoryStock> {
        self.stock.get(&(*self.categories.get(&product)?, store)).copied()
    }
}
