//! Sums of forecasts: of a category with its descendants, of a store, of all. They are added up
//! from the stored forecasts of products in stores, by week and day, so that parts and sums agree.

use std::collections::BTreeMap;

use entity::prelude::*;
use forecast::{engine::SumErrors, weekdays::ByDay};
use serde::{Deserialize, Serialize};

use super::{DayLevel, DayPoint, History, StoredDayErrors, StoredSeries, WeekForecast, rounding::milli};

/// A category (nil: all products) in a store (nil: all).
pub type SumKey = (CategoryId, StoreId);

/// A coming week of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StoredSumPoint {
    pub mean: f64,
    /// Lower and upper bounds of the 80 % and of the 95 % interval. `None` if too few errors of
    /// sums are known.
    pub bounds: Option<[f64; 4]>,
    /// Whether the week is further ahead than any forecast was scored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub far: bool,
    /// Monday first.
    pub days: ByDay<f64>,
}

/// The body of a `forecast_sum`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredSum {
    /// Number of the added forecasts of products in stores.
    pub series: u32,
    /// Mean step between its weeks, by which errors of days are scaled. `None` in runs of earlier
    /// versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// Consecutive equal weeks: their number, and the week.
    points: Vec<(u32, StoredSumPoint)>,
}

impl StoredSum {
    /// Returns the coming weeks, from that of the run on.
    pub fn points(&self) -> impl Iterator<Item = StoredSumPoint> {
        self.points.iter().flat_map(|(times, point)| std::iter::repeat_n(*point, *times as usize))
    }
    /// The days of the coming weeks, Monday first, with their intervals by the errors of its run.
    pub fn day_points(&self, errors: &StoredDayErrors) -> Vec<ByDay<DayPoint>> {
        let week = |(nth, point): (usize, StoredSumPoint)| WeekForecast { ahead: nth + 1, days: point.days, step: self.step };
        self.points().enumerate().map(|entry| errors.points(DayLevel::Sum, &week(entry))).collect()
    }
}

#[derive(Debug, Clone, Default)]
struct Total {
    series: u32,
    weeks: Vec<(f64, ByDay<f64>)>,
}

/// Sums of series by key, with their totals.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    keys: Vec<SumKey>,
    /// The sums of each series of the history, in its order.
    sums_by_series: Vec<Vec<u32>>,
    totals: Vec<Total>,
}

impl Sums {
    /// Returns the sums of a history of stores. `categories` has the category of each product and
    /// all above it.
    pub fn of(history: &History, categories: &BTreeMap<ProductId, Vec<CategoryId>>) -> Self {
        let mut index_by_key: BTreeMap<SumKey, u32> = BTreeMap::new();
        let mut sums = Self::default();
        for series in &history.series {
            let store = series.store.unwrap_or(StoreId::NIL);
            let above = categories.get(&series.product).into_iter().flatten().copied();
            let mut series_sums = Vec::new();
            for category in std::iter::once(CategoryId::NIL).chain(above) {
                for key in [(category, StoreId::NIL), (category, store)] {
                    let next = sums.keys.len() as u32;
                    let index = *index_by_key.entry(key).or_insert(next);
                    if index == next {
                        sums.keys.push(key);
                    }
                    series_sums.push(index);
                }
            }
            sums.sums_by_series.push(series_sums);
        }
        sums.totals = vec![Total::default(); sums.keys.len()];
        sums
    }

    /// Returns the sums of each series, and the number of sums.
    pub fn members(&self) -> (&[Vec<u32>], usize) {
        (&self.sums_by_series, self.keys.len())
    }

    /// Adds a series' forecast to its sums.
    pub fn add(&mut self, series: usize, body: &StoredSeries) {
        for index in self.sums_by_series.get(series).into_iter().flatten() {
            let Some(total) = self.totals.get_mut(*index as usize) else { continue };
            total.series += 1;
            for (week, (point, days)) in body.points().zip(body.days()).enumerate() {
                if total.weeks.len() <= week {
                    total.weeks.push((0.0, [0.0; 7]));
                }
                let (mean, sums) = &mut total.weeks[week];
                *mean += point.mean;
                sums.iter_mut().zip(days).for_each(|(sum, units)| *sum += units);
            }
        }
    }

    /// Returns the stored form of each sum, with the interval that errors of such sums give.
    pub fn to_stored(&self, errors: &SumErrors) -> Vec<(SumKey, StoredSum)> {
        let stored_sum = |index: usize, total: &Total| {
            let mut points: Vec<(u32, StoredSumPoint)> = Vec::new();
            for (nth, (mean, days)) in total.weeks.iter().enumerate() {
                let sum_bounds = errors.bounds(index, *mean, nth + 1);
                let point = StoredSumPoint {
                    mean: milli(*mean),
                    bounds: sum_bounds.map(|b| [b.lower80, b.upper80, b.lower95, b.upper95].map(|bound| milli(bound.into()))),
                    far: sum_bounds.is_some_and(|bounds| bounds.is_extrapolated),
                    days: days.map(milli),
                };
                match points.last_mut() {
                    Some((times, last)) if *last == point => *times += 1,
                    _ => points.push((1, point)),
                }
            }
            StoredSum { series: total.series, step: errors.steps.get(index).copied().map(milli), points }
        };
        self.keys.iter().zip(&self.totals).enumerate().map(|(index, (key, total))| (*key, stored_sum(index, total))).collect()
    }
}

#[cfg(test)]
mod tests {
    use forecast::{Settings, forecast_all};

    use super::*;
    use crate::forecasting::core::{LevelFacts, series_of};

    const MONDAY: i32 = 20_716;

    #[test]
    fn a_category_is_the_sum_of_what_lies_below_it() {
        let id = uuid::Uuid::from_u128;
        let (shop, depot) = (StoreId::from_uuid(id(1)), StoreId::from_uuid(id(2)));
        let (food, tea) = (CategoryId::from_uuid(id(3)), CategoryId::from_uuid(id(4)));
        let (green, bread) = (ProductId::from_uuid(id(5)), ProductId::from_uuid(id(6)));
        let facts =
            |units: i64| LevelFacts { weeks: (1..=30).map(|back| (MONDAY - 7 * back, units)).collect(), ..LevelFacts::default() };
        let levels = BTreeMap::from([((green, shop), facts(10)), ((green, depot), facts(20)), ((bread, shop), facts(40))]);
        let history = History::of(&levels, MONDAY);
        let run = forecast_all(&history.panel().unwrap(), &Settings::default());
        let mut sums = Sums::of(&history, &BTreeMap::from([(green, vec![tea, food]), (bread, vec![food])]));
        for nth in 0..history.series.len() {
            let mut body = series_of(&run, nth, history.first_week, None);
            body.profile = Some([0.2, 0.2, 0.2, 0.2, 0.2, 0.0, 0.0]);
            sums.add(nth, &body);
        }
        let stored_sums: BTreeMap<SumKey, StoredSum> = sums.to_stored(&SumErrors::default()).into_iter().collect();
        let first = |key: SumKey| stored_sums.get(&key).map(|sum| (sum.series, sum.points().next().unwrap().mean));
        assert_eq!(first((tea, StoreId::NIL)), Some((2, 30.0)));
        assert_eq!(first((food, StoreId::NIL)), Some((3, 70.0)));
        assert_eq!(first((food, shop)), Some((2, 50.0)));
        assert_eq!(first((CategoryId::NIL, shop)), Some((2, 50.0)));
        assert_eq!(first((CategoryId::NIL, StoreId::NIL)), Some((3, 70.0)));
        assert_eq!(first((tea, depot)), Some((1, 20.0)));
        let all = stored_sums[&(food, StoreId::NIL)].points().next().unwrap();
        assert_eq!((all.days, all.bounds), ([14.0, 14.0, 14.0, 14.0, 14.0, 0.0, 0.0], None));
        let text = serde_json::to_string(&stored_sums[&(food, shop)]).unwrap();
        assert_eq!(serde_json::from_str::<StoredSum>(&text).unwrap(), stored_sums[&(food, shop)]);
        assert_eq!(stored_sums[&(food, shop)].points().count(), 26);
    }
}
