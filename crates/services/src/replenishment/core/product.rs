//! A product with its levels in stores, and the input that is common to all products of a plan.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use entity::prelude::*;
use forecast::{
    intervals::{DayShape, DaysAhead, LeadTimeDemand, SumPools},
    reorder::{DemandOutlook, LeadTime, SafetyMethod, WeeklyUnits},
    xyz::XyzClass,
};
use inventory::{catalog::core::calendar::SupplierCalendar, purchasing::core::Supply};

use super::{policy::Policies, terms::Terms};
use crate::{
    demand::core::week_of,
    forecasting::core::{Calibration, StoredClasses},
};

/// The longest lead time that is planned for, in days.
pub const MAX_LEAD_DAYS: f64 = 364.0;

/// Weeks of a year.
const YEAR_WEEKS: u32 = 52;

/// Importance of a product in a store, and regularity of its demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classes {
    pub abc: AbcClass,
    pub xyz: XyzClass,
}

impl Classes {
    /// The XYZ class as columns have it.
    pub(super) const fn xyz_word(self) -> entity::prelude::XyzClass {
        match self.xyz {
            XyzClass::X => entity::prelude::XyzClass::X,
            XyzClass::Y => entity::prelude::XyzClass::Y,
            XyzClass::Z => entity::prelude::XyzClass::Z,
        }
    }
}

impl From<StoredClasses> for Classes {
    fn from(stored: StoredClasses) -> Self {
        Self { abc: stored.abc, xyz: stored.xyz.into() }
    }
}

/// The newest forecast of a product in a store.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    /// Mean units of each coming week.
    pub path: Vec<f64>,
    /// Factor by which errors of sums are scaled.
    pub scale: f64,
    pub pool: Option<u16>,
    pub class: DemandClass,
    pub status: ForecastStatus,
    pub known_weeks: u32,
    /// Data quality, 0 to 100.
    pub score: f64,
    /// Classes of the forecast run, stabilized by those of the runs before. None in runs of earlier
    /// versions.
    pub classes: Option<Classes>,
    /// Distribution of the days on which it sells, and of the units on such a day. None for few
    /// known weeks, and in runs of earlier versions.
    pub shape: Option<DayShape>,
}

impl Demand {
    /// Whether the forecast has any demand: an ended product is not filled up because of its
    /// forecast errors.
    pub fn has_demand(&self) -> bool {
        !matches!(self.status, ForecastStatus::Ended | ForecastStatus::TooLittle) && self.path.iter().any(|units| *units > 0.0)
    }
}

/// Units of a level's demand that are parts of kits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KitShare {
    pub kits: usize,
    /// Mean units of the first coming week.
    pub weekly: f64,
}

/// A product in a store. Units are the product's smallest.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelState {
    pub store: StoreId,
    pub available: i64,
    pub incoming: i64,
    pub in_transit: i64,
    pub owed: i64,
    /// In drafts of purchase orders and transfers to here, which are in no other value yet.
    pub drafted: i64,
    /// Units in drafts of transfers from here, which do not reserve stock yet.
    pub leaving: i64,
    pub safety_stock: i64,
    pub reorder_point: Option<i64>,
    pub maximum: Option<i64>,
    pub demand: Option<Demand>,
    /// Units of the last 52 weeks, with those of kits.
    pub year_units: i64,
    /// The sum of the squares of each of these weeks' units.
    pub year_squares: f64,
    /// Its demand, units and squares that are those of parts of kits. None without any.
    pub kits: Option<KitShare>,
    pub classes: Option<Classes>,
    /// Whether an approved plan clears its units: nothing is ordered for it but owed units.
    pub is_liquidated: bool,
    /// Whether the plan is for this level; other levels may send units.
    pub is_asked: bool,
}

impl LevelState {
    /// Returns the level of a store that has and had no stock of the product.
    pub fn empty(store: StoreId) -> Self {
        Self {
            store,
            available: 0,
            incoming: 0,
            in_transit: 0,
            owed: 0,
            drafted: 0,
            leaving: 0,
            safety_stock: 0,
            reorder_point: None,
            maximum: None,
            demand: None,
            year_units: 0,
            year_squares: 0.0,
            kits: None,
            classes: None,
            is_liquidated: false,
            is_asked: true,
        }
    }
    /// available + incoming + in transit + drafts − owed.
    pub fn position(&self) -> i64 {
        let supply = self.available.saturating_add(self.incoming).saturating_add(self.in_transit);
        supply.saturating_add(self.drafted).saturating_sub(self.owed)
    }
    /// Weekly units over the known weeks of the last 52.
    pub fn weekly_units(&self) -> WeeklyUnits {
        let weeks = f64::from(self.demand.as_ref().map_or(YEAR_WEEKS, |demand| demand.known_weeks).clamp(1, YEAR_WEEKS));
        let mean = self.year_units as f64 / weeks;
        WeeklyUnits { mean, deviation: (self.year_squares / weeks - mean * mean).max(0.0).sqrt() }
    }
    /// Returns the units that could leave: neither reserved nor owed nor about to be sent
    /// elsewhere.
    pub fn free(&self) -> i64 {
        self.available.saturating_sub(self.owed).saturating_sub(self.leaving)
    }
}

/// Lead times of a product's deliveries, in days.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeadTimes {
    pub stated: f64,
    /// Neither the catalogue nor the supplier states a lead time.
    pub is_assumed: bool,
    /// Deliveries of the supplier in the last 365 days.
    pub measured: Vec<f64>,
    /// Calendar of the supplier; every day if lead times include it already.
    pub calendar: SupplierCalendar,
}

impl LeadTimes {
    pub fn lead_time(&self) -> LeadTime<'_> {
        LeadTime::Measured { days: &self.measured, stated: self.stated }
    }
    /// Days from today until the arrival of an order that is placed `in_days` days from now.
    pub(super) fn days_to_arrival(&self, today: i32, in_days: i32) -> f64 {
        let lead_days = self.lead_time().mean_days();
        if self.calendar.is_any_day() {
            return lead_days + f64::from(in_days);
        }
        let arrival = self.calendar.arrival(today.saturating_add(in_days), lead_days.ceil() as i32);
        f64::from(arrival.saturating_sub(today))
    }
    /// Equally likely numbers of days from today until the arrival of an order placed today: by all
    /// measured deliveries, or the stated lead time.
    pub(super) fn arrivals(&self, today: i32) -> Vec<f64> {
        let days = self.lead_time().likely_days();
        if self.calendar.is_any_day() {
            return days;
        }
        let arrival = |days: f64| f64::from(self.calendar.arrival(today, days.ceil() as i32).saturating_sub(today));
        days.into_iter().map(arrival).collect()
    }
    /// The lead times that stock is kept for today, if an order can be made every `chance_days`:
    /// with the supplier's calendar, the days until the arrival of an order of a later opportunity.
    pub(super) fn with_calendar(&self, today: i32, chance_days: i32) -> Cow<'_, Self> {
        if self.calendar.is_any_day() {
            return Cow::Borrowed(self);
        }
        // Many deliveries have equal lead times; each number of days is looked up in the calendar
        // once.
        let mut cache = BTreeMap::new();
        let mut lead_for = |days: f64| {
            let days = days.ceil() as i32;
            let protection = || f64::from(self.calendar.protection_days(today, days, chance_days)).min(MAX_LEAD_DAYS);
            *cache.entry(days).or_insert_with(protection)
        };
        Cow::Owned(Self {
            stated: lead_for(self.stated),
            is_assumed: self.is_assumed,
            measured: self.measured.iter().map(|days| lead_for(*days)).collect(),
            calendar: SupplierCalendar::default(),
        })
    }
}

/// A line of a purchase order with open units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenLine {
    pub store: StoreId,
    pub supplier: SupplierId,
    pub order: PurchaseOrderId,
    pub position: u16,
    pub ordered: i64,
    pub received: i64,
    pub open: i64,
    /// Cost of one whole unit.
    pub unit_cost: Money,
    /// Days since 1970-01-01; None if no delivery date is known.
    pub expected_on: Option<i32>,
}

/// A product in all of its stores.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductState {
    pub product: ProductId,
    pub decimals: u8,
    /// Price of one whole unit, and its cost.
    pub price: Option<Money>,
    pub cost: Option<Money>,
    pub supplier: Option<SupplierId>,
    pub supply: Option<Supply>,
    pub leads: LeadTimes,
    /// Days for which purchased units can be sold; None if no expiry is known.
    pub sellable_days: Option<f64>,
    /// Lines of purchase orders with open units, of suppliers that accept cuts.
    pub open_lines: Vec<OpenLine>,
    pub levels: Vec<LevelState>,
}

impl ProductState {
    /// Returns the cost of one whole unit if so many units are bought.
    pub fn cost_at(&self, quantity: Quantity) -> Option<Money> {
        self.supply.as_ref().map(|supply| supply.cost_at(quantity)).or(self.cost)
    }
}

/// Input of plans that all products share.
#[derive(Debug, Clone, Default)]
pub struct Basis {
    pub policies: Policies,
    pub pools: BTreeMap<u16, Arc<SumPools>>,
    /// Whether there is a forecast run: without one the needs of stores are unknown.
    pub has_run: bool,
    /// Days since 1970-01-01.
    pub today: i32,
    /// Calibration of the newest run: quantile levels at which promised service levels are met.
    pub calibration: Calibration,
    pub terms: Terms,
    none: SumPools,
}

impl Basis {
    pub fn new(policies: Policies, pools: BTreeMap<u16, SumPools>, has_run: bool, today: i32) -> Self {
        let pools = pools.into_iter().map(|(method, pools)| (method, Arc::new(pools))).collect();
        Self { policies, pools, has_run, today, ..Self::default() }
    }
    #[must_use]
    pub fn with_calibration(self, calibration: Calibration) -> Self {
        Self { calibration, ..self }
    }
    #[must_use]
    pub fn with_terms(self, terms: Terms) -> Self {
        Self { terms, ..self }
    }
    /// The demand of a level from today on; 0 without a forecast.
    pub fn demand<'a>(&'a self, level: &'a LevelState) -> LeadTimeDemand<'a> {
        let Some(demand) = &level.demand else { return LeadTimeDemand { path: &[], scale: 1.0, pools: &self.none, days: None } };
        let pools = demand.pool.and_then(|pool| self.pools.get(&pool)).map_or(&self.none, Arc::as_ref);
        let weekday = self.today - week_of(self.today);
        let days = demand.shape.as_ref().map(|shape| DaysAhead::new(shape, weekday as usize));
        LeadTimeDemand { path: &demand.path, scale: demand.scale, pools, days }
    }
    pub fn outlook<'a>(&'a self, level: &'a LevelState, leads: &'a LeadTimes, method: SafetyStockMethod) -> DemandOutlook<'a> {
        let weekly = level.weekly_units();
        let safety = match method {
            SafetyStockMethod::Quantile => SafetyMethod::Quantile,
            SafetyStockMethod::Normal => SafetyMethod::Normal { deviation: weekly.deviation },
            SafetyStockMethod::FillRate => SafetyMethod::FillRate,
        };
        DemandOutlook { demand: self.demand(level), lead: leads.lead_time(), safety, known: weekly }
    }
}
