//! What is kept of a run: figures to a thousandth of a unit, equal weeks together.

use std::collections::BTreeMap;

use entity::prelude::*;
use forecast::{
    Point, Run, SeriesForecast, Status,
    class::Class,
    selection::{Choice, Incumbent, Reached},
    series::{DeductionReason, Reason},
};
use serde::{Deserialize, Serialize};

use super::{DayLevel, DayPoint, StoredClasses, StoredCorrection, StoredDayErrors, StoredShape, WeekForecast, weekdays::days_of};

/// A coming week.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StoredPoint {
    pub mean: f64,
    pub median: f64,
    /// Lower and upper bounds of the 80 % and of the 95 % interval. None where too few errors are known.
    pub bounds: Option<[f64; 4]>,
    /// Further ahead than any forecast was scored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub far: bool,
}

/// A week of the history that the method does not see as it was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Excluded {
    /// Its Monday.
    pub week: i32,
    pub recorded: f64,
    /// None: the week is unknown.
    pub used: Option<f64>,
    pub reason: ExclusionReason,
}

/// Why a week is not used as it was recorded.
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
    /// Whether the product was there on too few of its days for what was sold to be what was wanted.
    pub const fn lacks_stock(self) -> bool {
        matches!(self, Self::Scaled | Self::OutOfStock)
    }
}

/// Why a data quality score is below 100.
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
    /// 0 to 100, and what was taken off for which reason.
    pub score: f64,
    pub deductions: Vec<(QualityReason, f64)>,
    pub excluded: Vec<Excluded>,
    /// The mean step between its weeks, which errors of sums are scaled by. None in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// Which of the run's pools its errors of sums are in. None of all stores together, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<u16>,
    /// The share of each weekday, Monday first. None of all stores together, whose days are the sum of theirs, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<[f64; 7]>,
    /// How much it matters in its store, and how evenly it is asked for. None of all stores together, of what is not planned, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<StoredClasses>,
    /// Which days it sells on, and how much on one. None of all stores together, of few known weeks, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<StoredShape>,
    /// Runs of equal weeks: how many, and the week.
    points: Vec<(u32, StoredPoint)>,
}

impl StoredSeries {
    /// Coming weeks, the first one that of the run.
    pub fn points(&self) -> impl Iterator<Item = StoredPoint> {
        self.points.iter().flat_map(|(times, point)| std::iter::repeat_n(*point, *times as usize))
    }
    /// The days of the coming weeks, Monday first; those of a week add up to its mean. None without a profile.
    pub fn days(&self) -> impl Iterator<Item = [f64; 7]> {
        let shares = self.profile;
        self.points().map_while(move |point| shares.map(|shares| days_of(point.mean, &shares)))
    }
    /// The same of a series of a store, with their intervals by the errors of its run.
    pub fn day_points(&self, errors: &StoredDayErrors) -> Vec<[DayPoint; 7]> {
        let week = |(nth, days): (usize, [f64; 7])| WeekForecast { ahead: nth + 1, days, step: self.step };
        self.days().enumerate().map(|of| errors.points(DayLevel::Store, &week(of))).collect()
    }
    /// The week so many weeks ahead, from 1 on.
    pub fn ahead(&self, weeks: usize) -> Option<StoredPoint> {
        self.points().nth(weeks.checked_sub(1)?)
    }
}

/// To a thousandth.
pub(super) fn milli(figure: f64) -> f64 {
    (figure * 1_000.0).round() / 1_000.0
}

fn point(of: &Point) -> StoredPoint {
    let four = |b: forecast::intervals::Bounds| [b.lower80, b.upper80, b.lower95, b.upper95].map(|bound| milli(bound.into()));
    StoredPoint {
        mean: milli(of.mean.into()),
        median: milli(of.median.into()),
        bounds: of.bounds.map(four),
        far: of.bounds.is_some_and(|bounds| bounds.is_extrapolated),
    }
}

/// What is kept of a series. `first_week` is the Monday of the oldest week of the history; `means` replaces the run's own: the sums of the stores', which
/// the interval moves along with.
pub fn series_of(run: &Run, series: usize, first_week: i32, means: Option<&[f64]>) -> StoredSeries {
    let forecast = &run.series[series];
    let mut points: Vec<(u32, StoredPoint)> = Vec::new();
    for (nth, own) in forecast.points.iter().enumerate() {
        let stored = match means.and_then(|means| means.get(nth)) {
            Some(mean) => moved(point(own), *mean),
            None => point(own),
        };
        match points.last_mut() {
            Some((times, last)) if *last == stored => *times += 1,
            _ => points.push((1, stored)),
        }
    }
    StoredSeries {
        method: run.pools.get(usize::from(forecast.method)).map(|pools| pools.method.to_string()).unwrap_or_default(),
        why: run.why(series),
        naive: milli(forecast.naive.into()),
        known_weeks: forecast.known_weeks,
        missing_weeks: forecast.missing_weeks,
        score: milli(forecast.quality.score.into()),
        deductions: forecast.quality.deductions.iter().map(|one| (deduction(one.reason), milli(one.points.into()))).collect(),
        excluded: excluded(forecast, first_week),
        step: Some(milli(forecast.mean_step.into())),
        pool: means.is_none().then_some(forecast.method),
        profile: None,
        classes: None,
        shape: None,
        points,
    }
}

/// A week around another mean: bounds keep their distance and are not below 0.
fn moved(week: StoredPoint, mean: f64) -> StoredPoint {
    let by = mean - week.mean;
    let bounds = week.bounds.map(|bounds| bounds.map(|bound| milli((bound + by).max(0.0))));
    StoredPoint { mean: milli(mean), bounds, ..week }
}

fn excluded(forecast: &SeriesForecast, first_week: i32) -> Vec<Excluded> {
    let one = |week: &forecast::series::ExcludedWeek| Excluded {
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

/// The column's word for a class.
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

/// The column's word for a status.
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

/// The methods that were chosen for a class, and what they lost at earlier origins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredChoice {
    /// None: of the tenant.
    pub class: Option<DemandClass>,
    pub mean: String,
    pub median: String,
    /// Naive lost no more than any method.
    pub naive_was_better: bool,
    pub wape: Option<f64>,
    pub bias: Option<f64>,
    pub naive_wape: Option<f64>,
    /// Of the weeks that the run scored; empty of the tenant, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scaled: Vec<StoredScaled>,
    /// Of the tenant: what promises gave to ABC classes. Empty of a class, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<StoredCorrection>,
    /// Of the tenant: errors of days. Empty of a class, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "StoredDayErrors::is_empty")]
    pub days: StoredDayErrors,
}

/// Errors of a class in a week that a run scored, in thousandths of a unit, beside the steps that they are scaled by; and the week's days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredScaled {
    /// Its Monday.
    pub week: i32,
    pub lead: i32,
    pub level: ForecastLevel,
    pub error: i64,
    pub step: i64,
    /// Days that had an interval, and how many were inside that of 80 % and that of 95 %. None where none had one, and in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<[i64; 3]>,
}

/// The methods of a run as JSON: of the tenant with what promises gave and the errors of days, then of each class with the errors of the weeks that the run scored.
pub fn choices_of(
    run: &Run,
    scaled: &BTreeMap<DemandClass, Vec<StoredScaled>>,
    corrections: &[StoredCorrection],
    days: &StoredDayErrors,
) -> String {
    let stored = |class: Option<Class>, choice: &Choice| StoredChoice {
        class: class.map(class_of),
        mean: choice.mean.to_string(),
        median: choice.median.to_string(),
        naive_was_better: choice.reached == Reached::NaiveWasBetter,
        wape: choice.wape.map(milli),
        bias: choice.bias.map(milli),
        naive_wape: choice.naive_wape.map(milli),
        scaled: class.and_then(|class| scaled.get(&class_of(class)).cloned()).unwrap_or_default(),
        corrections: if class.is_none() { corrections.to_vec() } else { Vec::new() },
        days: if class.is_none() { days.clone() } else { StoredDayErrors::default() },
    };
    let classes = Class::ALL.into_iter().map(|class| stored(Some(class), run.choices.of(class)));
    let all: Vec<StoredChoice> = std::iter::once(stored(None, &run.choices.tenant)).chain(classes).collect();
    serde_json::to_string(&all).unwrap_or_default()
}

/// The tenant's methods of an earlier run, which the next one prefers while they are as good as any. None where they are not kept.
pub fn incumbent_of(choices: &str) -> Option<Incumbent> {
    let stored: Vec<StoredChoice> = serde_json::from_str(choices).ok()?;
    let tenant = stored.into_iter().find(|choice| choice.class.is_none())?;
    Some(Incumbent { mean: tenant.mean, median: tenant.median })
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
        assert_eq!((read.ahead(0), read.ahead(27)), (None, None));
        assert_eq!(read.ahead(1), read.points().next());
    }

    #[test]
    fn a_week_in_which_more_came_back_than_was_sold_is_kept_as_one_without_demand() {
        let mut panel = Panel::new(30).unwrap();
        let mut weeks = [10.0; 30];
        weeks[20] = -4.0;
        panel.push(&weeks, Traits::default()).unwrap();
        let stored = series_of(&forecast_all(&panel, &Settings::default()), 0, 20_000, None);
        let week = Excluded { week: 20_140, recorded: -4.0, used: Some(0.0), reason: ExclusionReason::Negative };
        assert_eq!(stored.excluded, [week]);
        assert!(stored.deductions.contains(&(QualityReason::NegativeWeeks, 10.0)), "{:?}", stored.deductions);
        assert!(stored.points().all(|point| (5.0..15.0).contains(&point.mean)), "{stored:?}");
    }

    #[test]
    fn the_methods_of_a_run_come_first_in_the_next_one() {
        // Of ten each week every method is as good as any.
        let mut panel = Panel::new(30).unwrap();
        panel.push(&[10.0; 30], Traits::default()).unwrap();
        let mean = |incumbent: Option<Incumbent>| {
            let run = forecast_all(&panel, &Settings { incumbent, ..Settings::default() });
            incumbent_of(&choices_of(&run, &BTreeMap::new(), &[], &StoredDayErrors::default())).map(|kept| kept.mean)
        };
        assert_eq!(mean(None).as_deref(), Some("SES cap 3"));
        let holt = Incumbent { mean: "damped Holt cap 3".to_owned(), median: "IMAPA cut at its 95th percentile".to_owned() };
        assert_eq!(mean(Some(holt)).as_deref(), Some("damped Holt cap 3"));
        assert_eq!((incumbent_of("[]"), incumbent_of("{}")), (None, None));
    }

    #[test]
    fn a_sum_keeps_its_interval_around_the_sum_of_its_stores() {
        let week = StoredPoint { mean: 10.0, median: 9.0, bounds: Some([4.0, 16.0, 1.0, 30.0]), far: false };
        let around = moved(week, 12.5);
        assert_eq!((around.mean, around.bounds, around.median), (12.5, Some([6.5, 18.5, 3.5, 32.5]), 9.0));
        assert_eq!(moved(week, 2.0).bounds, Some([0.0, 8.0, 0.0, 22.0]), "demand is never negative");
    }
}
