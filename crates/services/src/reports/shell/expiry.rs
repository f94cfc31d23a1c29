//! Units that will not be sold before they expire.

use std::collections::HashMap;

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    paging::Key,
    storage::{Database, Fault, TenantScope},
};

use super::report_context::{RankedRow, ReportSource, costs_source, restrict_to_permit, sort_rows};
use crate::{
    forecasting::rows::last_run,
    insight::shell::ReportError,
    reports::{
        core::{DatedLot, LotRisk, at_risk, demand_until},
        rows::{self, ReportFilter, StoredLot},
    },
};

/// Days of sales that replace the forecast if there is none.
const SALES_DAYS: i32 = 91;

/// Source of the demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RiskBasis {
    /// The means of the newest run of forecasts.
    Forecast,
    /// Units sold on the last 91 days.
    Sales,
}

/// A lot in a store, and its units at risk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RiskRow {
    pub lot: StoredLot,
    pub basis: RiskBasis,
    pub risk: LotRisk,
    /// Minor units, rounded once. None if the cost books have no cost.
    pub value: Option<i64>,
    pub days_left: i32,
}

/// Totals of all lots.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RiskSums {
    pub lots: i64,
    pub units: i64,
    pub at_risk: f64,
    pub value: i64,
}

/// Lots by the day on which they expire, the first one first.
#[derive(Debug, Clone)]
pub struct ExpiryRisk {
    pub source: ReportSource,
    pub totals: RiskSums,
    pub rows: Vec<RankedRow<RiskRow>>,
}

/// Lots in the stores that the permit is for which expire up to the last day of the span; its first one is today.
pub async fn expiry_risk(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    report_filter: ReportFilter,
) -> Result<ExpiryRisk, ReportError> {
    let scope = permit.scope(db).long();
    let report_filter = restrict_to_permit(&permit, report_filter);
    let (source, method) = costs_source(db, &scope, report_filter.span).await?;
    let lots = rows::dated_lots(&scope, &report_filter).await?;
    let mut products: Vec<ProductId> = lots.iter().map(|lot| lot.product_id).collect();
    products.dedup();
    let today = report_filter.span.from;
    let demand = Demand::of(&scope, today, &products).await?;
    let values = rows::unit_values(&scope, method, &products).await?;
    let (mut totals, mut risk_rows) = (RiskSums::default(), Vec::with_capacity(lots.len()));
    for lots in lots.chunk_by(|one, next| (one.product_id, one.store_id) == (next.product_id, next.store_id)) {
        let Some(first) = lots.first() else { continue };
        let level = (first.product_id, first.store_id);
        let dated: Vec<DatedLot> = lots.iter().map(|lot| DatedLot { expires_on: lot.expires_on, units: lot.units }).collect();
        let risks = at_risk(&dated, |day| demand.expected_demand(level, today, day));
        for (lot, risk) in lots.iter().zip(risks) {
            let value = values.get(&lot.product_id).map(|unit_value| (risk.at_risk * unit_value).round() as i64);
            totals.lots += 1;
            totals.units = totals.units.checked_add(lot.units).ok_or(ReportError::TooLarge)?;
            totals.at_risk += risk.at_risk;
            totals.value = totals.value.checked_add(value.unwrap_or_default()).ok_or(ReportError::TooLarge)?;
            let keys = vec![Key::Int(lot.expires_on.into()), lot.lot.into(), lot.store_id.into()];
            let days_left = lot.expires_on.saturating_sub(today);
            risk_rows.push((RiskRow { lot: *lot, basis: demand.basis(level), risk, value, days_left }, keys));
        }
    }
    Ok(ExpiryRisk { source, totals, rows: sort_rows(risk_rows) })
}

/// Expected demand of products in stores: the forecast, or else past sales.
struct Demand {
    first_week: i32,
    forecast: HashMap<(ProductId, StoreId), Vec<f64>>,
    units_sold: HashMap<(ProductId, StoreId), i64>,
}

impl Demand {
    async fn of(scope: &TenantScope, today: i32, products: &[ProductId]) -> Result<Self, Fault> {
        let run = last_run(scope).await?;
        let forecast = match &run {
            Some(run) => rows::forecast_means(scope, run.first_week, products).await?,
            None => HashMap::new(),
        };
        let units_by_level = rows::units_sold(scope, (today - SALES_DAYS, today - 1), products).await?;
        Ok(Self { first_week: run.map_or(today, |run| run.first_week), forecast, units_sold: units_by_level })
    }
    fn basis(&self, level: (ProductId, StoreId)) -> RiskBasis {
        if self.forecast.contains_key(&level) { RiskBasis::Forecast } else { RiskBasis::Sales }
    }
    fn expected_demand(&self, level: (ProductId, StoreId), today: i32, day: i32) -> f64 {
        if let Some(weeks) = self.forecast.get(&level) {
            return demand_until(weeks, self.first_week, today, day);
        }
        let units = self.units_sold.get(&level).copied().unwrap_or_default().max(0);
        demand_until(&[units as f64 * 7.0 / f64::from(SALES_DAYS)], today, today, day)
    }
}
