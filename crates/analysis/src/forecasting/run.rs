//! A run of forecasts, and how forecasts came true.

use async_graphql::SimpleObject;
use macros::resolvers;
use platform::storage::Fault;
use services::{
    demand::core::round6,
    forecasting::{
        core::{StoredChoice, StoredCorrection},
        rows::StoredRun,
        shell::ClassAccuracy,
    },
};

use super::enums::DemandClass;
use crate::{
    counts::AbcClass,
    graphql::{
        fault::Answer,
        scalars::{Date, DateTime, Long, Quantity},
    },
};

/// A run of forecasts.
pub struct ForecastRun(pub StoredRun);

/// Forecasts of all products, made at once when a week is over. A run never changes.
#[resolvers(requires = ReportRead)]
impl ForecastRun {
    /// Monday of the first week that is forecast: the one in which the run was made.
    async fn first_week(&self) -> Date {
        Date(self.0.first_week)
    }
    /// Time at which the run was created.
    #[field(was("madeAt", "2026-11-29"))]
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.made_at)
    }
    /// Sequence number of the last event in the facts that it read.
    async fn seq(&self) -> Long {
        Long(self.0.seq)
    }
    /// Weeks of history, at most 156.
    async fn history_weeks(&self) -> i32 {
        self.0.weeks
    }
    /// Number of forecasts: one a product and store, and one a product for all stores together.
    async fn series(&self) -> Long {
        Long(self.0.series)
    }
    /// Methods that were chosen: for all products, then for each class.
    #[field(list_size(assumed = 8))]
    async fn methods(&self) -> Answer<Vec<ForecastMethod>> {
        let choices: Vec<StoredChoice> = serde_json::from_str(&self.0.choices)
            .map_err(|_| Fault::corrupt("forecast_run", "its choices are those of a run"))?;
        Ok(choices.into_iter().map(ForecastMethod::from).collect())
    }
    /// Service levels of ABC classes: results of promises of 90, 95 and 98 % in a simulation of the last 20 weeks with a lead time of two weeks and a
    /// review each week. Classes with fewer than 200 order cycles in it have none.
    #[field(list_size(assumed = 9))]
    async fn service_levels(&self) -> Answer<Vec<SimulatedServiceLevel>> {
        let choices: Vec<StoredChoice> = serde_json::from_str(&self.0.choices)
            .map_err(|_| Fault::corrupt("forecast_run", "its choices are those of a run"))?;
        Ok(choices.into_iter().flat_map(|choice| choice.corrections).map(SimulatedServiceLevel::from).collect())
    }
}

/// Service level that was promised to products of an ABC class, beside what a simulation achieved. Shares are 0 to 1.
#[derive(Debug, Clone, SimpleObject)]
pub struct SimulatedServiceLevel {
    /// ABC class of the products, by each store's own revenue.
    pub abc_class: AbcClass,
    /// Share of order cycles without running out that is promised.
    pub promised: f64,
    /// Share that quantiles of the promise gave.
    pub achieved: f64,
    /// Share that levels gave which followed what the weeks before had achieved.
    pub achieved_corrected: f64,
    /// Level for the weeks to come.
    pub level: f64,
    /// True if plans use `level` for this promise: it missed the promise by less.
    pub is_used: bool,
    /// Number of order cycles that were simulated.
    pub cycles: Long,
}

impl From<StoredCorrection> for SimulatedServiceLevel {
    fn from(stored_correction: StoredCorrection) -> Self {
        let StoredCorrection { class, promised, given: achieved_level, corrected, level, cycles, is_used } = stored_correction;
        Self {
            abc_class: class.into(),
            promised,
            achieved: achieved_level,
            achieved_corrected: corrected,
            level,
            is_used,
            cycles: Long(cycles as i64),
        }
    }
}

/// Methods of a class, with what they lost at earlier weeks.
#[derive(Debug, Clone, SimpleObject)]
pub struct ForecastMethod {
    /// Class of demand. Null for all products.
    pub class: Option<DemandClass>,
    /// Method of the mean, as in "SES cap 3".
    pub mean: String,
    /// Method of the median.
    pub median: String,
    /// True if the last week's value had no greater error than any method, so that it is used.
    pub is_naive_better: bool,
    /// Deprecated name of `isNaiveBetter`.
    #[graphql(deprecation = "2026-11-27: use isNaiveBetter. Removed after 2027-11-27.")]
    pub naive_was_better: bool,
    /// Weighted absolute percentage error of the mean: Σ|error| ÷ Σ units. Null without enough weeks.
    pub wape: Option<f64>,
    /// Bias of the mean: Σ error ÷ Σ units, above 0 for too much. Null without enough weeks.
    pub bias: Option<f64>,
    /// Weighted absolute percentage error of the naive forecast. Null without enough weeks.
    pub naive_wape: Option<f64>,
}

impl From<StoredChoice> for ForecastMethod {
    fn from(choice: StoredChoice) -> Self {
        let StoredChoice { class, mean, median, naive_was_better, wape, bias, naive_wape, scaled: _, corrections: _, days: _ } =
            choice;
        Self {
            class: class.map(Into::into),
            mean,
            median,
            is_naive_better: naive_was_better,
            naive_was_better,
            wape,
            bias,
            naive_wape,
        }
    }
}

/// Accuracy of forecasts as they were made.
pub struct ForecastAccuracy(pub ClassAccuracy);

/// Accuracy of forecasts as they were made. A week is scored a week after it is over, over products that could be sold on at least five of its days.
#[resolvers(requires = ReportRead)]
impl ForecastAccuracy {
    /// Class of demand at the time of the forecast. Null for all products.
    async fn class(&self) -> Option<DemandClass> {
        self.0.class.map(Into::into)
    }
    /// Number of forecast weeks that were scored.
    async fn scored(&self) -> Long {
        Long(self.0.tally.series)
    }
    /// Units of demand that came, in the product's smallest unit.
    async fn units(&self) -> Quantity {
        entity::prelude::Quantity::new(self.0.tally.units).unwrap_or_default().into()
    }
    /// Weighted absolute percentage error: Σ|forecast − units| ÷ Σ units. Null without demand.
    async fn wape(&self) -> Option<f64> {
        self.0.tally.wape().map(round6)
    }
    /// Mean absolute scaled error: Σ|forecast − units| ÷ Σ mean step between the weeks before each forecast; below 1 for errors that are smaller than those
    /// steps. Products whose weeks were all the same are left out. Null where none is left, and where all weeks were scored by earlier versions.
    async fn mase(&self) -> Option<f64> {
        self.0.tally.mase().map(round6)
    }
    /// Bias: Σ(forecast − units) ÷ Σ units, above 0 for too much. Null without demand.
    async fn bias(&self) -> Option<f64> {
        self.0.tally.bias().map(round6)
    }
    /// Weighted absolute percentage error of the naive forecast of the same weeks: the last known week before the run. Null without demand.
    async fn naive_wape(&self) -> Option<f64> {
        self.0.tally.naive_wape().map(round6)
    }
    /// 1 − `wape` ÷ `naiveWape`: above 0 the forecast was worth making. Null where the naive forecast made no error.
    async fn value_added(&self) -> Option<f64> {
        self.0.tally.value_added().map(round6)
    }
    /// Share of weeks inside their 80 % interval. Null where none had one.
    async fn coverage80(&self) -> Option<f64> {
        self.0.tally.coverage().map(|(inside, _)| round6(inside))
    }
    /// Share of weeks inside their 95 % interval. Null where none had one.
    async fn coverage95(&self) -> Option<f64> {
        self.0.tally.coverage().map(|(_, inside)| round6(inside))
    }
    /// Share of days inside their 80 % interval, of weeks in which the product could be sold on all days. Null where none had one, and of weeks that were
    /// scored by earlier versions.
    async fn day_coverage80(&self) -> Option<f64> {
        self.0.tally.day_coverage().map(|(inside, _)| round6(inside))
    }
    /// Share of days inside their 95 % interval, of weeks in which the product could be sold on all days. Null where none had one, and of weeks that were
    /// scored by earlier versions.
    async fn day_coverage95(&self) -> Option<f64> {
        self.0.tally.day_coverage().map(|(_, inside)| round6(inside))
    }
}
