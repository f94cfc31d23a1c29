//! The forecast of one product, with its basis.

use async_graphql::{Context, SimpleObject};
use entity::prelude::StoreId;
use macros::resolvers;
use services::{
    demand::core::round6,
    forecasting::{
        core::{StoredPoint, Tally},
        rows::StoredForecast,
        shell::{ProductForecast, WeekUnits},
    },
    reports::core,
};

use super::{
    enums::{DemandClass, ForecastExclusionReason, ForecastQualityReason, ForecastStatus},
    factors::ForecastFactor,
    range::check_range,
    run::ForecastRun,
    sum::{ForecastDay, days},
};
use crate::{
    catalog::{Product, Store},
    counts::AbcClass,
    graphql::{
        fault::Answer,
        scalars::{Date, Quantity},
    },
    orders::links,
    reports::{XyzClass, check_pixels},
};

/// Forecast of a product's weekly demand.
pub struct Forecast(pub ProductForecast);

/// Forecast of a product's weekly demand, in the product's smallest units. Demand is what was ordered, less what was cancelled or matched with a return.
#[resolvers(requires = ReportRead)]
impl Forecast {
    /// Product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.0.series.product).await
    }
    /// Store. Null for all stores together.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        if self.0.series.store == StoreId::NIL {
            return None;
        }
        Some(links::store(ctx, self.0.series.store).await)
    }
    /// Run that made the forecast.
    async fn run(&self) -> ForecastRun {
        ForecastRun(self.0.run.clone())
    }
    /// Class of demand, from which the method follows. It changes when two runs agree.
    async fn class(&self) -> DemandClass {
        self.0.series.class.into()
    }
    /// ABC class of the product in the store, by its share of the store's revenue of 52 weeks at the price of the run: A up to 80 %, B up to 95 %, C. It changes
    /// two points beyond the border, or when two runs agree. Null of all stores together, of kits, of products that are not ACTIVE or not kept in stock, and in
    /// runs of earlier versions.
    async fn abc_class(&self) -> Option<AbcClass> {
        Some(self.0.series.body.classes?.abc.into())
    }
    /// XYZ class of the product in the store, by the deviation of its 52 weeks by their mean: X up to 0.5, Y up to 1, Z. It changes 5 % beyond the border, or when
    /// two runs agree. Null where `abcClass` is.
    async fn xyz_class(&self) -> Option<XyzClass> {
        Some(core::XyzClass::from(self.0.series.body.classes?.xyz).into())
    }
    /// State of the forecast.
    async fn status(&self) -> ForecastStatus {
        self.0.series.status.into()
    }
    /// Method of the mean, as in "SES cap 3".
    async fn method(&self) -> &str {
        &self.0.series.body.method
    }
    /// Reason for the method or the state, with the errors of the method in earlier weeks.
    async fn why(&self) -> &str {
        &self.0.series.body.why
    }
    /// Number of weeks that the method knows, from the first demand on.
    async fn known_weeks(&self) -> i32 {
        count(self.0.series.body.known_weeks)
    }
    /// Number of weeks since the first demand that are unknown, as the product could hardly be sold.
    async fn missing_weeks(&self) -> i32 {
        count(self.0.series.body.missing_weeks)
    }
    /// Quality of the history, 0 to 100.
    async fn quality_score(&self) -> f64 {
        self.0.series.body.score
    }
    /// Deductions from a quality of 100.
    #[field(list_size(assumed = 2))]
    async fn quality(&self) -> Vec<ForecastQuality> {
        let deductions = self.0.series.body.deductions.iter();
        deductions.map(|(reason, points)| ForecastQuality { reason: (*reason).into(), points: *points }).collect()
    }
    /// Coming weeks, 26 of them, the first one the week in which the run was made. Empty for TOO_LITTLE.
    #[field(list_size(assumed = 26))]
    async fn weeks(&self) -> Vec<ForecastWeek> {
        weeks_of(&self.0.series).collect()
    }
    /// Days of the coming weeks; those of a week add up to its mean. A week is split by the days of the product's last eight
    /// weeks, or of its category in the store where they are too few. For all stores together, a day is the sum of the stores'.
    /// Empty in runs of earlier versions.
    #[field(list_size(assumed = 28))]
    async fn days(
        &self,
        #[graphql(desc = "Weeks whose days are listed, 1 to 26. Default 4.", default = 4)] weeks: i32,
    ) -> Answer<Vec<ForecastDay>> {
        check_range(weeks, 1..=26, "weeks")?;
        let weeks = usize::try_from(weeks).unwrap_or_default();
        Ok(days(self.0.run.first_week, self.0.days.iter().take(weeks).copied()))
    }
    /// Factor series of the store, with what the run found of each; of all stores together, of any store.
    #[field(list_size(assumed = 5))]
    async fn factors(&self) -> Vec<ForecastFactor> {
        self.0.factors.iter().map(|factor| ForecastFactor::of(factor, self.0.series.class)).collect()
    }
    /// Weeks before the run, oldest first.
    #[field(list_size(assumed = 26))]
    async fn history(&self) -> Vec<ForecastHistoryWeek> {
        let history = self.0.history.iter();
        let week = |week_units: &WeekUnits| ForecastHistoryWeek {
            week: Date(week_units.week),
            units: units(week_units.units),
            in_stock_days: week_units.in_stock_days.into(),
        };
        history.map(week).collect()
    }
    /// Weeks that the method does not see as they were recorded.
    #[field(list_size(assumed = 5))]
    async fn exclusions(&self) -> Vec<ForecastExclusion> {
        let excluded = self.0.series.body.excluded.iter();
        excluded
            .map(|excluded_week| ForecastExclusion {
                week: Date(excluded_week.week),
                recorded: excluded_week.recorded,
                used: excluded_week.used,
                reason: excluded_week.reason.into(),
            })
            .collect()
    }
    /// Tracking signal of forecasts one week ahead: Σ(units − forecast) ÷ mean |units − forecast| over the last eight settled weeks with stock, among
    /// the last 16. Above 0 for forecasts that are too low. Null while fewer than eight are known.
    async fn tracking_signal(&self) -> Option<f64> {
        Some(self.0.signal?.value)
    }
    /// Smoothed tracking signal of forecasts one week ahead, -1 to 1: units − forecast ÷ |units − forecast|, both smoothed by 0.1 a week (Trigg, 1964), over
    /// the settled weeks with stock among the last 26. Above 0 for forecasts that are too low. Steady from 20 weeks on, where a signal beyond 0.51 is unusual;
    /// `hasDrifted` and alerts do not use it. Null while fewer than eight weeks are known.
    async fn smoothed_tracking_signal(&self) -> Option<f64> {
        self.0.smoothed_signal.map(round6)
    }
    /// True if the tracking signal is beyond 4 or -4, and was a week before.
    async fn has_drifted(&self) -> bool {
        self.0.signal.is_some_and(|signal| signal.has_drifted)
    }
    /// Accuracy of the forecasts in `past`, as they were made. Weeks that have been over for less than a week are left out, and weeks on which the product could
    /// be sold on fewer than five days.
    async fn accuracy(&self) -> ForecastProductAccuracy {
        ForecastProductAccuracy::of(&self.0.accuracy)
    }
    /// Weeks that have come true, as they were forecast `lead` weeks ahead; oldest first. Weeks without a run are left out.
    #[field(list_size(assumed = 26))]
    async fn past(&self) -> Vec<ForecastPastWeek> {
        let past = self.0.past.iter();
        past.map(|past_week| ForecastPastWeek {
            week: Date(past_week.week),
            mean: past_week.forecast,
            lower80: past_week.bounds.map(|bounds| bounds[0]),
            upper80: past_week.bounds.map(|bounds| bounds[1]),
            units: units(past_week.units),
        })
        .collect()
    }
    /// Chart as an SVG drawing, without programs or links: units of the weeks of `history` as a line, then the mean of coming weeks within the bands of their
    /// 80 % and 95 % intervals. Weeks without an interval have no band, and TOO_LITTLE has no coming week.
    #[field(cost = "5")]
    async fn svg(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Coming weeks to draw, 1 to 26. Default 13.", default = 13)] weeks: i32,
        #[graphql(desc = "Width in pixels, 160 to 4,000. Default 640.", default = 640)] width: i32,
        #[graphql(desc = "Height in pixels, 160 to 4,000. Default 320.", default = 320)] height: i32,
    ) -> Answer<String> {
        check_range(weeks, 1..=26, "weeks")?;
        check_pixels(width, height)?;
        let sku = links::product(ctx, self.0.series.product).await?.row.sku.clone();
        let points = band_points(&self.0, usize::try_from(weeks).unwrap_or_default());
        Ok(core::draw_band(&core::BandChart { title: format!("Weekly demand: {sku}"), width, height, points }))
    }
}

/// Points of a chart: the weeks of the history, then `weeks` of the forecast.
fn band_points(forecast: &ProductForecast, weeks: usize) -> Vec<core::BandPoint> {
    let label = |week: i32| core::period_label(core::TimeUnit::Week, week);
    let past = forecast.history.iter().map(|recorded_week| core::BandPoint {
        label: label(recorded_week.week),
        recorded: Some(recorded_week.units as f64),
        ..core::BandPoint::default()
    });
    let coming = (forecast.run.first_week..).step_by(7).zip(forecast.series.body.points()).take(weeks);
    let coming = coming.map(|(week, point)| core::BandPoint {
        label: label(week),
        recorded: None,
        mean: Some(point.mean),
        bounds: point.bounds,
    });
    past.chain(coming).collect()
}

/// The coming weeks of a stored forecast.
pub(super) fn weeks_of(series: &StoredForecast) -> impl Iterator<Item = ForecastWeek> {
    (series.first_week..).step_by(7).zip(series.body.points()).map(|(week, point)| ForecastWeek::of(week, &point))
}

pub(super) fn count(weeks: u32) -> i32 {
    i32::try_from(weeks).unwrap_or(i32::MAX)
}

fn units(count: i64) -> Quantity {
    entity::prelude::Quantity::new(count).unwrap_or_default().into()
}

/// A coming week, in units.
#[derive(Debug, Clone, SimpleObject)]
pub struct ForecastWeek {
    /// Monday of the week.
    pub week: Date,
    /// Expected units. Use it to order stock.
    pub mean: f64,
    /// Units of a typical week, usually below the mean. Do not order by it.
    pub median: f64,
    /// Lower bound of the 80 % interval. Null where too few errors are known.
    pub lower80: Option<f64>,
    /// Upper bound of the 80 % interval. Null where too few errors are known.
    pub upper80: Option<f64>,
    /// Lower bound of the 95 % interval. Null where too few errors are known.
    pub lower95: Option<f64>,
    /// Upper bound of the 95 % interval. Null where too few errors are known.
    pub upper95: Option<f64>,
    /// True if the week is more than eight weeks ahead, where the interval is widened and not
    /// measured.
    pub is_extrapolated: bool,
    /// Deprecated name of `isExtrapolated`.
    #[graphql(deprecation = "2026-11-27: use isExtrapolated. Removed after 2027-11-27.")]
    pub extrapolated: bool,
}

impl ForecastWeek {
    fn of(week: i32, point: &StoredPoint) -> Self {
        let bound = |index: usize| point.bounds.map(|bounds| bounds[index]);
        Self {
            week: Date(week),
            mean: round6(point.mean),
            median: round6(point.median),
            lower80: bound(0),
            upper80: bound(1),
            lower95: bound(2),
            upper95: bound(3),
            is_extrapolated: point.far,
            extrapolated: point.far,
        }
    }
}

/// A week of the history.
#[derive(Debug, Clone, SimpleObject)]
pub struct ForecastHistoryWeek {
    /// Monday of the week.
    pub week: Date,
    /// Units of demand as recorded, in the product's smallest unit.
    pub units: Quantity,
    /// Days of the week that closed with stock, 0 to 7; of all stores together, in the store with the most of them. 7 for a product that never had stock.
    /// A week of fewer than five is scaled, one of fewer than two unknown, unless more was sold in it than in the weeks before, or the product is one that may
    /// be sold beyond its stock and was ordered without any by then.
    pub in_stock_days: i32,
}

/// A week of the history that the method does not see as it was recorded.
#[derive(Debug, Clone, SimpleObject)]
pub struct ForecastExclusion {
    /// Monday of the week.
    pub week: Date,
    /// Units as recorded.
    pub recorded: f64,
    /// Units that the method sees. Null where the week is unknown to it.
    pub used: Option<f64>,
    /// Reason.
    pub reason: ForecastExclusionReason,
}

/// A week that has come true.
#[derive(Debug, Clone, SimpleObject)]
pub struct ForecastPastWeek {
    /// Monday of the week.
    pub week: Date,
    /// Mean as it was forecast.
    pub mean: f64,
    /// Lower bound of the 80 % interval as it was forecast. Null where there was none.
    pub lower80: Option<f64>,
    /// Upper bound of the 80 % interval as it was forecast. Null where there was none.
    pub upper80: Option<f64>,
    /// Units of demand that came, in the product's smallest unit.
    pub units: Quantity,
}

/// Accuracy of a product's forecasts as they were made, over weeks that have come true.
#[derive(Debug, Clone, SimpleObject)]
pub struct ForecastProductAccuracy {
    /// Number of weeks that the ratios rest on.
    pub weeks: i32,
    /// Weighted absolute percentage error: Σ|forecast − units| ÷ Σ units. Null without demand.
    pub wape: Option<f64>,
    /// Mean absolute scaled error: Σ|forecast − units| ÷ Σ mean step between the weeks before each forecast; below 1 for errors that are smaller than those
    /// steps. Null where the weeks before were all the same, and of forecasts of earlier versions.
    pub mase: Option<f64>,
    /// Bias: Σ(forecast − units) ÷ Σ units, above 0 for too much. Null without demand.
    pub bias: Option<f64>,
    /// Share of weeks inside their 80 % interval, 0 to 1. Null where none had one.
    pub coverage80: Option<f64>,
    /// Share of weeks inside their 95 % interval, 0 to 1. Null where none had one.
    pub coverage95: Option<f64>,
    /// 1 − `wape` ÷ the `wape` of the last known week before each run: above 0 the forecasts were worth making. Null without demand, and where that naive
    /// forecast made no error.
    pub value_added: Option<f64>,
}

impl ForecastProductAccuracy {
    fn of(tally: &Tally) -> Self {
        let coverage = tally.coverage();
        Self {
            weeks: i32::try_from(tally.series).unwrap_or(i32::MAX),
            wape: tally.wape().map(round6),
            mase: tally.mase().map(round6),
            bias: tally.bias().map(round6),
            coverage80: coverage.map(|(inside, _)| round6(inside)),
            coverage95: coverage.map(|(_, inside)| round6(inside)),
            value_added: tally.value_added().map(round6),
        }
    }
}

/// A deduction from the quality of a history.
#[derive(Debug, Clone, SimpleObject)]
pub struct ForecastQuality {
    /// Reason.
    pub reason: ForecastQualityReason,
    /// Points taken off.
    pub points: f64,
}
