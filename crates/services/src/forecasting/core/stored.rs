//! Stored form of the series of a run: figures are rounded to a thousandth of a unit, and equal
//! weeks are stored once.

use entity::prelude::*;
use forecast::{
    Point, Run, SeriesForecast, Status,
    class::Class,
    series::{DeductionReason, Reason},
};
use serde::{Deserialize, Serialize};

use super::{DayLevel, DayPoint, StoredClasses, StoredDayErrors, StoredShape, WeekForecast, rounding::milli, weekdays::days_of};

/// A coming week.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StoredPoint {
    pub mean: f64,
    pub median: f64,
    /// Lower and upper bounds of the 80 % and of the 95 % interval. `None` if too few errors are
    /// known.
    pub bounds: Option<[f64; 4]>,
    /// Whether the week is further ahead than any forecast was scored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub far: bool,
}

/// A week of the history whose recorded value the method does not use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredExcludedWeek {
    /// Monday of the week.
    pub week: i32,
    pub recorded: f64,
    /// `None` if the demand of the week is unknown.
    pub used: Option<f64>,
    pub reason: ExclusionReason,
}

/// Reason why a week is not used as it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExclusionReason {
    Capped,
    Scaled,
    OutOfStock,
    Negative,
    NotANumber,
}

impl ExclusionReason {
    /// Whether the product was in stock on too few days of the week for its sales to equal the
    /// demand.
    pub const fn lacks_stock(self) -> bool {
        matches!(self, Self::Scaled | Self::OutOfStock)
    }
}

/// Reason why a data quality score is below 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QualityReason {
    MissingWeeks,
    Capped,
    ShortHistory,
    NegativeWeeks,
    LateRecords,
}

/// The body of a `forecast_series`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredSeries {
    pub method: String,
    pub why: String,
    /// Units of the last known week: the naive forecast.
    pub naive: f64,
    pub known_weeks: u32,
    pub missing_weeks: u32,
    /// 0 to 100, and the deduction of each reason.
    pub score: f64,
    pub deductions: Vec<(QualityReason, f64)>,
    pub excluded: Vec<StoredExcludedWeek>,
    /// Mean step between its weeks, by which errors of sums are scaled. `None` in runs of earlier
    /// versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// Index of the run's pool that its errors of sums are in. `None` for all stores together, and
    /// in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<u16>,
    /// The share of each weekday, Monday first. `None` for all stores together, whose days are the
    /// sum of theirs, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<[f64; 7]>,
    /// ABC and XYZ classes in its store. `None` for all stores together, for products that are not
    /// planned, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<StoredClasses>,
    /// Distribution of its sales over days, and of their sizes. `None` for all stores together, for
    /// few known weeks, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<StoredShape>,
    /// Consecutive equal weeks: their number, and the week.
    points: Vec<(u32, StoredPoint)>,
}

impl StoredSeries {
    /// Returns the coming weeks, from that of the run on.
    pub fn points(&self) -> impl Iterator<Item = StoredPoint> {
        self.points.iter().flat_map(|(times, point)| std::iter::repeat_n(*point, *times as usize))
    }
    /// Returns the days of the coming weeks, Monday first; those of a week add up to its mean.
    /// Empty without a profile.
    pub fn days(&self) -> impl Iterator<Item = [f64; 7]> {
        let shares = self.profile;
        self.points().map_while(move |point| shares.map(|shares| days_of(point.mean, &shares)))
    }
    /// Returns the same for a series of a store, with intervals by the errors of its run.
    pub fn day_points(&self, errors: &StoredDayErrors) -> Vec<[DayPoint; 7]> {
        let week = |(nth, days): (usize, [f64; 7])| WeekForecast { ahead: nth + 1, days, step: self.step };
        self.days().enumerate().map(|entry| errors.points(DayLevel::Store, &week(entry))).collect()
    }
    /// Returns the week `weeks` weeks ahead, from 1 on.
    pub fn point_ahead(&self, weeks: usize) -> Option<StoredPoint> {
        self.points().nth(weeks.checked_sub(1)?)
    }
}

fn point(forecast_point: &Point) -> StoredPoint {
    let milli_bounds =
        |b: forecast::intervals::Bounds| [b.lower80, b.upper80, b.lower95, b.upper95].map(|bound| milli(bound.into()));
    StoredPoint {
        mean: milli(forecast_point.mean.into()),
        median: milli(forecast_point.median.into()),
        bounds: forecast_point.bounds.map(milli_bounds),
        far: forecast_point.bounds.is_some_and(|bounds| bounds.is_extrapolated),
    }
}

/// Returns the stored form of a series. `first_week` is the Monday of the oldest week of the
/// history; `means` replaces the run's own: the sums of the stores', along with which the interval
/// moves.
pub fn series_of(run: &Run, series: usize, first_week: i32, means: Option<&[f64]>) -> StoredSeries {
    let forecast = &run.series[series];
    let mut points: Vec<(u32, StoredPoint)> = Vec::new();
    for (nth, week_point) in forecast.points.iter().enumerate() {
        let stored = match means.and_then(|means| means.get(nth)) {
            Some(mean) => shift_mean(point(week_point), *mean),
            None => point(week_point),
        };
        match points.last_mut() {
            Some((times, last)) if *last == stored => *times += 1,
            _ => points.push((1, stored)),
        }
    }
    StoredSeries {
        method: run.pools.get(usize::from(forecast.method)).map(|pools| pools.method.to_string()).unwrap_or_default(),
        why: run.explain(series),
        naive: milli(forecast.naive.into()),
        known_weeks: forecast.known_weeks,
        missing_weeks: forecast.missing_weeks,
        score: milli(forecast.quality.score.into()),
        deductions: forecast.quality.deductions.iter().map(|one| (deduction(one.reason), milli(one.points.into()))).collect(),
        excluded: excluded_weeks(forecast, first_week),
        step: Some(milli(forecast.mean_step.into())),
        pool: means.is_none().then_some(forecast.method),
        profile: None,
        classes: None,
        shape: None,
        points,
    }
}

/// Moves a week to another mean: bounds keep their distance and are not below 0.
fn shift_mean(week: StoredPoint, mean: f64) -> StoredPoint {
    let by = mean - week.mean;
    let bounds = week.bounds.map(|bounds| bounds.map(|bound| milli((bound + by).max(0.0))));
    StoredPoint { mean: milli(mean), bounds, ..week }
}

fn excluded_weeks(forecast: &SeriesForecast, first_week: i32) -> Vec<StoredExcludedWeek> {
    let one = |week: &forecast::series::ExcludedWeek| StoredExcludedWeek {
        week: first_week + 7 * week.week as i32,
        recorded: milli(week.recorded.into()),
        used: week.used.map(|units| milli(units.into())),
        reason: reason(week.reason),
    };
    forecast.excluded.iter().map(one).collect()
}

const fn reason(reason: Reason) -> ExclusionReason {
    match reason {
        Reason::Capped => ExclusionReason::Capped,
        Reason::Scaled => ExclusionReason::Scaled,
        Reason::OutOfStock => ExclusionReason::OutOfStock,
        Reason::Negative => ExclusionReason::Negative,
        Reason::NotANumber => ExclusionReason::NotANumber,
    }
}

const fn deduction(reason: DeductionReason) -> QualityReason {
    match reason {
        DeductionReason::MissingWeeks => QualityReason::MissingWeeks,
        DeductionReason::Capped => QualityReason::Capped,
        DeductionReason::ShortHistory => QualityReason::ShortHistory,
        DeductionReason::NegativeWeeks => QualityReason::NegativeWeeks,
        DeductionReason::LateRecords => QualityReason::LateRecords,
    }
}

/// Returns the column's value for a class.
pub const fn class_of(class: Class) -> DemandClass {
    match class {
        Class::Smooth => DemandClass::Smooth,
        Class::Erratic => DemandClass::Erratic,
        Class::Intermittent => DemandClass::Intermittent,
        Class::Lumpy => DemandClass::Lumpy,
        Class::New => DemandClass::New,
        Class::Ended => DemandClass::Ended,
        Class::Dormant => DemandClass::Dormant,
    }
}

/// Returns the column's value for a status.
pub const fn status_of(status: Status) -> ForecastStatus {
    match status {
        Status::Ready => ForecastStatus::Ready,
        Status::New => ForecastStatus::New,
        Status::Dormant => ForecastStatus::Dormant,
        Status::Ended => ForecastStatus::Ended,
        Status::TooLittle => ForecastStatus::TooLittle,
        Status::NaiveWasBetter => ForecastStatus::NaiveWasBetter,
    }
}

#[cfg(test)]
mod tests {
    use forecast::{Panel, Settings, Traits, forecast_all};

    use super::*;

    #[test]
    fn equal_weeks_are_kept_once_and_read_as_many() {
        let mut panel = Panel::new(30).unwrap();
        let weeks: Vec<f32> = (0..30_u8).map(|week| f32::from(10 + week % 3)).collect();
        panel.push(&weeks, Traits::default()).unwrap();
        let run = forecast_all(&panel, &Settings::default());
        let stored = series_of(&run, 0, 20_000, None);
        let read: StoredSeries = serde_json::from_str(&serde_json::to_string(&stored).unwrap()).unwrap();
        assert_eq!((&read, read.naive), (&stored, 12.0));
        assert_eq!((read.points().count(), read.points.len() < 26), (26, true));
        let all: Vec<f64> = read.points().map(|point| point.mean).collect();
        let made: Vec<f64> = run.series[0].points.iter().map(|point| milli(point.mean.into())).collect();
        assert_eq!(all, made);
        assert_eq!((read.point_ahead(0), read.point_ahead(27)), (None, None));
        assert_eq!(read.point_ahead(1), read.points().next());
    }

    #[test]
    fn a_week_in_which_more_came_back_than_was_sold_is_kept_as_one_without_demand() {
        let mut panel = Panel::new(30).unwrap();
        let mut weeks = [10.0; 30];
        weeks[20] = -4.0;
        panel.push(&weeks, Traits::default()).unwrap();
        let stored = series_of(&forecast_all(&panel, &Settings::default()), 0, 20_000, None);
        let week = StoredExcludedWeek { week: 20_140, recorded: -4.0, used: Some(0.0), reason: ExclusionReason::Negative };
        assert_eq!(stored.excluded, [week]);
        assert!(stored.deductions.contains(&(QualityReason::NegativeWeeks, 10.0)), "{:?}", stored.deductions);
        assert!(stored.points().all(|point| (5.0..15.0).contains(&point.mean)), "{stored:?}");
    }

    #[test]
    fn a_sum_keeps_its_interval_around_the_sum_of_its_stores() {
        let week = StoredPoint { mean: 10.0, median: 9.0, bounds: Some([4.0, 16.0, 1.0, 30.0]), far: false };
        let around = shift_mean(week, 12.5);
        assert_eq!((around.mean, around.bounds, around.median), (12.5, Some([6.5, 18.5, 3.5, 32.5]), 9.0));
        assert_eq!(shift_mean(week, 2.0).bounds, Some([0.0, 8.0, 0.0, 22.0]), "demand is never negative");
    }
}
