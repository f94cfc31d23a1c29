//! Units, revenue and margin that stock-outs cost.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    paging::Key,
    storage::{Database, TenantScope},
};

use super::report_context::{
    RankedRow, ReportSource, facts_source, largest_integer_first, restrict_to_permit, sort_rows, to_safe_integer,
};
use crate::{
    demand::{
        core::StockPeriod,
        rows::{StockFilter, stockout_periods},
        shell::LostUnits,
    },
    insight::shell::ReportError,
    reports::{
        core::{LossRange, lost_sales_of},
        rows::{self, ReportFilter},
    },
};

/// A level with stock-outs. Money is of the capped days, and None without a price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LostLevel {
    pub product: ProductId,
    pub store: StoreId,
    /// Figures of the level, without opening stock and receipts.
    pub period: StockPeriod,
    /// Lost units on all days out of stock, and on at most `EVENT_DAYS` of each stock-out. None if
    /// no day had stock.
    pub units: Option<LostUnits>,
    pub capped: Option<LostUnits>,
    pub revenue: Option<LossRange>,
    pub margin: Option<LossRange>,
}

/// Totals of all levels; units are capped.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LostSums {
    pub out_days: i64,
    pub capped_days: i64,
    pub stockouts: i64,
    pub units: LostUnits,
    pub revenue: LossRange,
    pub margin: LossRange,
    /// Levels without a day in stock, levels without a price, and levels without a cost: the sums
    /// that need these values leave them out.
    pub unknown: i64,
    pub unpriced: i64,
    pub uncosted: i64,
}

/// Levels by their lost revenue, in descending order.
#[derive(Debug, Clone)]
pub struct LostSalesReport {
    pub source: ReportSource,
    pub totals: LostSums,
    pub rows: Vec<RankedRow<LostLevel>>,
}

/// Levels with a stock-out of the stores that the permit is for.
pub async fn lost_sales(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    report_filter: ReportFilter,
    substitution: f64,
) -> Result<LostSalesReport, ReportError> {
    let scope = permit.scope(db).long();
    let report_filter = restrict_to_permit(&permit, report_filter);
    let source = facts_source(db, &scope, report_filter.span).await?;
    let mut totals = LostSums::default();
    let mut keyed_rows = Vec::new();
    for level in lost_levels(&scope, &report_filter, source.currency, substitution).await? {
        totals.add(&level);
        // Levels without a figure come last.
        let sort_key = level.revenue.map_or(Key::Int(i64::MAX), |revenue| largest_integer_first(revenue.mid));
        keyed_rows.push((level, vec![sort_key, level.product.into(), level.store.into()]));
    }
    to_safe_integer(totals.revenue.high.into())?;
    Ok(LostSalesReport { source, totals, rows: sort_rows(keyed_rows) })
}

/// Levels with a stock-out, without a check of permissions; the facts are up to date already.
pub(super) async fn lost_levels(
    scope: &TenantScope,
    report_filter: &ReportFilter,
    currency: Currency,
    substitution: f64,
) -> Result<Vec<LostLevel>, ReportError> {
    let products = report_filter.products.ids(scope).await?;
    let filter =
        StockFilter { from: report_filter.span.from, to: report_filter.span.to, products, stores: report_filter.stores.clone() };
    let (periods, paid_prices) =
        tokio::try_join!(stockout_periods(scope, &filter), rows::load_paid_prices(scope, report_filter, currency))?;
    let unpaid = periods.iter().filter(|(product, store, _)| !paid_prices.contains_key(&(*product, *store)));
    let mut unpaid: Vec<ProductId> = unpaid.map(|(product, ..)| *product).collect();
    unpaid.sort_unstable();
    unpaid.dedup();
    let listed_prices = rows::list_prices(scope, &unpaid, currency).await?;
    let level = |(product, store, period): (ProductId, StoreId, StockPeriod)| {
        let unit_price = paid_prices.get(&(product, store)).or_else(|| listed_prices.get(&product)).copied();
        let units = LostUnits::of(&period, period.out_days, substitution);
        let capped = lost_sales_of(&period, period.capped_days, substitution, unit_price);
        let (revenue, margin) = capped.map_or((None, None), |(_, revenue, margin)| (revenue, margin));
        LostLevel { product, store, period, units, capped: capped.map(|(units, ..)| units), revenue, margin }
    };
    Ok(periods.into_iter().map(level).collect())
}

impl LostSums {
    fn add(&mut self, level: &LostLevel) {
        self.out_days += level.period.out_days;
        self.capped_days += level.period.capped_days;
        self.stockouts += level.period.stockouts;
        let Some(units) = level.capped else {
            self.unknown += 1;
            return;
        };
        self.units.low += units.low;
        self.units.mid += units.mid;
        self.units.high += units.high;
        match level.revenue {
            Some(revenue) => self.revenue.join(revenue),
            None => self.unpriced += 1,
        }
        match level.margin {
            Some(margin) => self.margin.join(margin),
            None => self.uncosted += 1,
        }
    }
}
