//! The forecast of a category, of a store or of all, and the days of a week.

use async_graphql::{Context, SimpleObject};
use entity::prelude::{CategoryId, StoreId};
use macros::resolvers;
use services::{
    demand::core::round6,
    forecasting::{
        core::{DayPoint, StoredSumPoint},
        shell::SumForecast,
    },
};

use super::run::ForecastRun;
use crate::{
    catalog::{Category, Store, catalog_loaders},
    graphql::{
        fault::Answer,
        scalars::{Date, Long},
    },
    orders::links,
};

/// Forecast of a sum, and the number of requested weeks.
pub struct ForecastSum {
    pub found: SumForecast,
    pub horizon: usize,
}

/// Forecast of the weekly demand of a category or of all products, in a store or in all stores together: the sum of the forecasts of its products in stores,
/// each in the product's smallest units.
#[resolvers(requires = ReportRead)]
impl ForecastSum {
    /// Category, with all categories below it. Null for all products.
    async fn category(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        let (id, _) = self.found.key;
        if id == CategoryId::NIL {
            return None;
        }
        let row_read = async { catalog_loaders(ctx)?.category(id).await };
        row_read.await.map(|row| row.map(Category)).transpose()
    }
    /// Store. Null for all stores together.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        let (_, id) = self.found.key;
        if id == StoreId::NIL {
            return None;
        }
        Some(links::store(ctx, id).await)
    }
    /// Run that made the forecast.
    async fn run(&self) -> ForecastRun {
        ForecastRun(self.found.run.clone())
    }
    /// Number of forecasts that are added up: one a product and store.
    async fn series(&self) -> Long {
        Long(i64::from(self.found.sum.series))
    }
    /// Coming weeks, the first one the week in which the run was made. Empty where no product has a forecast.
    #[field(list_size(assumed = 26))]
    async fn weeks(&self) -> Vec<ForecastSumWeek> {
        let weeks = (self.found.run.first_week..).step_by(7).zip(self.found.sum.points()).take(self.horizon);
        weeks.map(|(week, point)| ForecastSumWeek::of(week, &point)).collect()
    }
    /// Days of the coming weeks; those of a week add up to its mean.
    #[field(list_size(assumed = 28))]
    async fn days(&self) -> Vec<ForecastDay> {
        days(self.found.run.first_week, self.found.days.iter().take(self.horizon).copied())
    }
}

/// A coming week of a sum, in units.
#[derive(Debug, Clone, SimpleObject)]
pub struct ForecastSumWeek {
    /// Monday of the week.
    pub week: Date,
    /// Expected units: the sum of the means of its forecasts.
    pub mean: f64,
    /// Lower bound of the 80 % interval. Null where fewer than 200 errors of such sums are known.
    pub lower80: Option<f64>,
    /// Upper bound of the 80 % interval. Null where fewer than 200 errors of such sums are known.
    pub upper80: Option<f64>,
    /// Lower bound of the 95 % interval. Null where fewer than 200 errors of such sums are known.
    pub lower95: Option<f64>,
    /// Upper bound of the 95 % interval. Null where fewer than 200 errors of such sums are known.
    pub upper95: Option<f64>,
    /// True if the week is more than eight weeks ahead, where the interval is widened and not measured.
    pub is_extrapolated: bool,
    /// Deprecated name of `isExtrapolated`.
    #[graphql(deprecation = "2026-11-27: use isExtrapolated. Removed after 2027-11-27.")]
    pub extrapolated: bool,
}

impl ForecastSumWeek {
    fn of(week: i32, point: &StoredSumPoint) -> Self {
        let bound = |index: usize| point.bounds.map(|bounds| bounds[index]);
        Self {
            week: Date(week),
            mean: round6(point.mean),
            lower80: bound(0),
            upper80: bound(1),
            lower95: bound(2),
            upper95: bound(3),
            is_extrapolated: point.far,
            extrapolated: point.far,
        }
    }
}

/// A coming day, in units.
#[derive(Debug, Clone, SimpleObject)]
pub struct ForecastDay {
    /// Day, in the stores' time zones.
    pub date: Date,
    /// Expected units. 0 on a weekday on which the store has never sold anything.
    pub mean: f64,
    /// Lower bound of the 80 % interval. Null where fewer than 200 errors of such days are known, or no units are expected, and in runs of
    /// earlier versions.
    pub lower80: Option<f64>,
    /// Upper bound of the 80 % interval. Null where fewer than 200 errors of such days are known, or no units are expected, and in runs of
    /// earlier versions.
    pub upper80: Option<f64>,
    /// Lower bound of the 95 % interval. Null where fewer than 200 errors of such days are known, or no units are expected, and in runs of
    /// earlier versions.
    pub lower95: Option<f64>,
    /// Upper bound of the 95 % interval. Null where fewer than 200 errors of such days are known, or no units are expected, and in runs of
    /// earlier versions.
    pub upper95: Option<f64>,
}

impl ForecastDay {
    fn of(date: i32, point: &DayPoint) -> Self {
        let bound = |index: usize| point.bounds.map(|bounds| bounds[index]);
        Self {
            date: Date(date),
            mean: round6(point.mean),
            lower80: bound(0),
            upper80: bound(1),
            lower95: bound(2),
            upper95: bound(3),
        }
    }
}

/// The days of weeks, the first of which begins on a Monday.
pub(super) fn days(first_week: i32, weeks: impl Iterator<Item = [DayPoint; 7]>) -> Vec<ForecastDay> {
    (first_week..).zip(weeks.flatten()).map(|(day, point)| ForecastDay::of(day, &point)).collect()
}
