//! Asking how stock has done: by level, and all together.

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use inventory::catalog::rows::page::ProductCondition;
use platform::storage::Database;

use super::{
    facts::PAGES,
    keep::{FactsProgress, catch_up},
};
use crate::{
    demand::{
        core::StockPeriod,
        rows::{self, StockFilter},
    },
    insight::shell::ReportError,
};

/// Days that a report may be of.
pub const MOST_DAYS: i32 = 731;

/// A level over some days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelStock {
    pub product: ProductId,
    pub store: StoreId,
    pub period: StockPeriod,
}

/// Units that stock-outs cost: as the buyers' willingness to take something else is half, as asked, or none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LostUnits {
    pub low: f64,
    pub mid: f64,
    pub high: f64,
}

impl LostUnits {
    /// Of one level; None where no day had stock.
    pub fn of(period: &StockPeriod, days: i64, substitution: f64) -> Option<Self> {
        let lost = |share| period.lost_units(days, share);
        Some(Self { low: lost(0.5)?, mid: lost(substitution)?, high: lost(0.0)? })
    }
}

/// Levels by what their stock-outs cost, the most first, and all of them together.
#[derive(Debug, Clone, PartialEq)]
pub struct StockPerformance {
    pub progress: FactsProgress,
    pub rows: Vec<LevelStock>,
    pub totals: StockPeriod,
    /// Σ over levels, of `EVENT_DAYS` a stock-out at most.
    pub lost: LostUnits,
    /// Levels of which nothing can be said, as no day had stock.
    pub unknown: i64,
}

/// Sums spans and days of the stores that the permit is for, of products that fulfil the condition too.
pub async fn stock_performance(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    (mut filter, products): (StockFilter, &ProductCondition),
    substitution: f64,
) -> Result<StockPerformance, ReportError> {
    let progress = Box::pin(catch_up(db, permit.tenant(), PAGES)).await?;
    if let Reach::Stores(own) = permit.reach() {
        let asked = filter.stores.take();
        let seen = |store: &StoreId| asked.as_ref().is_none_or(|asked| asked.contains(store));
        filter.stores = Some(own.iter().copied().filter(seen).collect());
    }
    let scope = permit.scope(db).long();
    if let Some(ids) = products.ids(&scope).await? {
        let asked = filter.products.take();
        filter.products = Some(ids.into_iter().filter(|id| asked.as_ref().is_none_or(|asked| asked.contains(id))).collect());
    }
    let found = rows::stock_periods(&scope, &filter).await?;
    let (mut totals, mut lost, mut unknown) = (StockPeriod::default(), LostUnits::default(), 0);
    let mut ranked = Vec::with_capacity(found.len());
    for (product, store, period) in found {
        totals.join(&period);
        let of_level = LostUnits::of(&period, period.capped_days, substitution);
        match of_level {
            Some(of_level) => {
                lost.low += of_level.low;
                lost.mid += of_level.mid;
                lost.high += of_level.high;
            }
            None => unknown += 1,
        }
        ranked.push((of_level.map_or(-1.0, |lost| lost.mid), LevelStock { product, store, period }));
    }
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1.product, a.1.store).cmp(&(b.1.product, b.1.store))));
    let rows = ranked.into_iter().map(|(_, level)| level).collect();
    Ok(StockPerformance { progress, rows, totals, lost, unknown })
}
