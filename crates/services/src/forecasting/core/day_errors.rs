//! Stored errors of days, and the intervals of coming days that they give.

use forecast::{
    intervals::{DayForecast, day_bounds},
    selection::SCORED_WEEKS,
    weekdays::ByDay,
};
use serde::{Deserialize, Serialize};

use super::rounding::round_outwards;

/// Bounds are stored to a thousandth of a unit.
const THOUSAND: f64 = 1_000.0;

/// The pools of errors of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayLevel {
    /// A product in a store.
    Store,
    /// A product in all stores together.
    AllStores,
    /// A category or all products, in a store or in all.
    Sum,
}

impl DayLevel {
    pub(super) const ALL: [Self; 3] = [Self::Store, Self::AllStores, Self::Sum];
}

/// The days of a forecast week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeekForecast {
    /// Weeks ahead, from 1 on.
    pub ahead: usize,
    /// Expected units, Monday first.
    pub days: ByDay<f64>,
    /// Mean step between the weeks before. `None` in runs of earlier versions.
    pub step: Option<f64>,
}

/// A coming day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayPoint {
    pub mean: f64,
    /// Lower and upper bounds of the 80 % and of the 95 % interval. `None` if too few errors of
    /// days are known.
    pub bounds: Option<[f64; 4]>,
}

/// Bounds of scaled errors of days, stored with a run: by level, by the expected units of a day and
/// by its share of the week.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StoredDayErrors(pub(super) Vec<Vec<Option<[f64; 4]>>>);

impl StoredDayErrors {
    /// Whether no day has an interval, as in runs of earlier versions.
    pub fn is_empty(&self) -> bool {
        self.0.iter().flatten().all(Option::is_none)
    }
    /// The days of a week with their intervals.
    pub fn points(&self, level: DayLevel, week: &WeekForecast) -> ByDay<DayPoint> {
        let quantiles = self.0.get(level as usize).map_or(&[][..], Vec::as_slice);
        let day_forecasts = week.step.map_or([None; 7], |step| DayForecast::of_week(&week.days, step));
        std::array::from_fn(|day| {
            let bounds = day_forecasts[day].and_then(|day| day_bounds(quantiles, &day, week.ahead, SCORED_WEEKS));
            DayPoint { mean: week.days[day], bounds: bounds.map(|bounds| round_outwards(bounds, THOUSAND)) }
        })
    }
}
