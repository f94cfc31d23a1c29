//! History of days: the days that a run reads for intervals of days, and the errors that it finds
//! in them.

use std::collections::HashMap;

use entity::prelude::*;
use forecast::{
    Panel, Run,
    engine::{Days, day_errors, day_origins},
    intervals::DayTally,
    panel::WEEK_DAYS,
    weekdays::{ByDay, PROFILE_WEEKS},
};

use super::{
    DayLevel, History, SeriesHistory, StoredDayErrors, StoredShape, Sums, YEAR_WEEKS,
    rounding::round_outwards,
    weekdays::{OpenDays, profiles},
};

/// Maximum groups of each kind (products in stores, products, sums) whose days are scored: they
/// bound the memory of a run. With more, each second, third … group is scored.
const MAX_GROUPS: usize = 4_000;
/// Scaled errors are stored to a ten-thousandth.
const PARTS: f64 = 10_000.0;

/// Demand of a product in a store in a week, Monday first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeekDays {
    pub product: ProductId,
    pub store: StoreId,
    pub units: ByDay<i64>,
}

/// The days that a run reads, by week: those of a year for shapes; those before each origin for its
/// shares of weekdays; and the demand after the first origin.
#[derive(Debug, Clone, Default)]
pub struct DayHistory {
    /// Origins of errors, oldest first, then now: numbers of weeks before each.
    origins: Vec<usize>,
    /// Index of each series in the history.
    places: HashMap<(ProductId, StoreId), usize>,
    /// Units by weekday in the eight weeks before each origin, of each series.
    before: Vec<Vec<ByDay<f32>>>,
    /// Complete weeks of the last year, of each series.
    tallies: Vec<DayTally>,
    /// Groups that are scored with each series.
    groups_of: Vec<Vec<u32>>,
    /// The level of each group.
    levels: Vec<u8>,
    /// Weeks of each group from the first origin on, one group after the other.
    units: Vec<ByDay<f32>>,
}

impl DayHistory {
    /// Returns an empty history of days for a history of stores.
    pub fn of(history: &History, sums: &Sums) -> Self {
        let mut origins = day_origins(history.weeks);
        origins.push(history.weeks);
        let store = |series: &SeriesHistory| series.store.unwrap_or(StoreId::NIL);
        let places = history.series.iter().enumerate().map(|(nth, series)| ((series.product, store(series)), nth));
        let places = places.collect();
        let before = vec![vec![[0.0; 7]; history.series.len()]; origins.len()];
        let tallies = vec![DayTally::default(); history.series.len()];
        let mut day_history = Self { origins, places, before, tallies, ..Self::default() };
        if day_history.origins.len() > 1 {
            day_history.add_groups(history, sums);
        }
        day_history.units = vec![[0.0; 7]; day_history.levels.len() * day_history.span(history)];
        day_history
    }

    fn add_groups(&mut self, history: &History, sums: &Sums) {
        let mut products: HashMap<ProductId, usize> = HashMap::new();
        for series in &history.series {
            let next = products.len();
            products.entry(series.product).or_insert(next);
        }
        let (sums_by_series, sums) = sums.members();
        let counts = [history.series.len(), products.len(), sums];
        let mut numbers: HashMap<(u8, usize), u32> = HashMap::new();
        for (nth, series) in history.series.iter().enumerate() {
            let product = products.get(&series.product).map(|product| (DayLevel::AllStores, *product));
            let sums = sums_by_series.get(nth).into_iter().flatten().map(|sum| (DayLevel::Sum, *sum as usize));
            let mut groups = Vec::new();
            for (level, position) in std::iter::once((DayLevel::Store, nth)).chain(product).chain(sums) {
                let every = counts[level as usize].div_ceil(MAX_GROUPS).max(1);
                if position.is_multiple_of(every) {
                    let next = numbers.len() as u32;
                    let number = *numbers.entry((level as u8, position)).or_insert(next);
                    if number == next {
                        self.levels.push(level as u8);
                    }
                    groups.push(number);
                }
            }
            self.groups_of.push(groups);
        }
    }

    /// Returns the weeks from the first origin on; 0 if the only origin is now.
    fn span(&self, history: &History) -> usize {
        history.weeks - self.origins.first().copied().unwrap_or(history.weeks)
    }

    /// The Monday of the first week that is read.
    pub fn since(&self, history: &History) -> i32 {
        let first = self.origins.first().copied().unwrap_or(history.weeks);
        history.first_week + 7 * first.saturating_sub(PROFILE_WEEKS).min(first_of_year(history)) as i32
    }

    /// Adds a week that begins on a Monday. Products and stores without a series are left out.
    pub fn add(&mut self, history: &History, monday: i32, week_days: &WeekDays) {
        let series_index = self.places.get(&(week_days.product, week_days.store)).copied();
        let (Some(week), Some(nth)) = (history.week_index(monday), series_index) else { return };
        let units = week_days.units.map(|units| units as f32);
        for (origin, before) in self.origins.iter().zip(&mut self.before) {
            if (origin.saturating_sub(PROFILE_WEEKS)..*origin).contains(&week) {
                add(&mut before[nth], &units);
            }
        }
        let span = self.span(history);
        let is_whole = history.series[nth].days.get(week) == Some(&WEEK_DAYS);
        if is_whole && week >= first_of_year(history) {
            self.tallies[nth].add(&week_days.units.map(|units| units as f64));
        }
        let Some(since) = week.checked_sub(history.weeks - span).filter(|_| is_whole) else { return };
        for group in self.groups_of.get(nth).into_iter().flatten() {
            add(&mut self.units[*group as usize * span + since], &units);
        }
    }

    /// Returns the shares of weekdays at each origin, the current ones last. Frees the data that
    /// they were computed from.
    pub fn shares(&mut self, history: &History, open: &OpenDays) -> Vec<Vec<ByDay<f64>>> {
        let before = std::mem::take(&mut self.before);
        self.origins.iter().zip(before).map(|(until, before)| profiles(history, *until, &before, open)).collect()
    }

    /// Returns the shape of each series, from the weeks of the last year, after its first demand,
    /// on all of whose days it could be sold. Frees the data that it was computed from.
    pub fn shapes(&mut self, history: &History) -> Vec<Option<StoredShape>> {
        let shape = |(series, tally): (&SeriesHistory, DayTally)| {
            let first_sale = series.units.iter().position(|units| units > 0)?;
            let weeks = series.days.get(first_sale.max(first_of_year(history))..)?;
            let whole_weeks = weeks.iter().map(|days| u32::from(*days == WEEK_DAYS)).sum();
            Some(StoredShape::from(&tally.shape(whole_weeks)?))
        };
        history.series.iter().zip(std::mem::take(&mut self.tallies)).map(shape).collect()
    }

    /// Returns the daily errors that a run of this history would have made at its origins, with the
    /// shares of each.
    pub fn errors(&self, panel: &Panel, run: &Run, shares: &[Vec<ByDay<f64>>], threads: usize) -> StoredDayErrors {
        let Some((_, origins)) = self.origins.split_last() else { return StoredDayErrors::default() };
        let days = Days { origins, shares, groups_of: &self.groups_of, pools: &self.levels, units: &self.units };
        let quantiles_by_level = day_errors(panel, run, &days, DayLevel::ALL.len(), threads);
        let rounded = |quantiles: Vec<Option<[f64; 4]>>| {
            quantiles.into_iter().map(|cell| cell.map(|errors| round_outwards(errors, PARTS))).collect::<Vec<_>>()
        };
        StoredDayErrors(quantiles_by_level.into_iter().map(rounded).collect())
    }
}

/// The first week of the last year of a history.
fn first_of_year(history: &History) -> usize {
    history.weeks.saturating_sub(YEAR_WEEKS as usize)
}

fn add(sum: &mut ByDay<f32>, units: &ByDay<f32>) {
    sum.iter_mut().zip(units).for_each(|(sum, units)| *sum += units);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use forecast::{Settings, forecast_all, intervals::DayShape};

    use super::*;
    use crate::forecasting::core::{LevelFacts, WeekForecast, choices_of};

    const MONDAY: i32 = 20_716;
    const WEEKS: i32 = 24;

    fn product(n: u128) -> ProductId {
        ProductId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn store(n: u128) -> StoreId {
        StoreId::from_uuid(uuid::Uuid::from_u128(n))
    }

    /// Two products in two stores; each week has one unit more or less on its Monday, and five on
    /// its Saturday.
    fn read(history: &History, days: &mut DayHistory) {
        for back in 1..=WEEKS {
            for series in &history.series {
                let units = [i64::from(back % 3), 0, 0, 0, 0, 5, 0];
                let found = WeekDays { product: series.product, store: series.store.unwrap(), units };
                days.add(history, MONDAY - 7 * back, &found);
            }
        }
    }

    #[test]
    fn a_run_keeps_bounds_of_days_of_each_level() {
        let weeks: Vec<(i32, i64)> = (1..=WEEKS).map(|back| (MONDAY - 7 * back, 5 + i64::from(back % 3))).collect();
        let facts = || LevelFacts { weeks: weeks.clone(), ..LevelFacts::default() };
        let levels = BTreeMap::from([1, 2].map(|n| ((product(n), store(8)), facts())));
        let more = BTreeMap::from([1, 2].map(|n| ((product(n), store(9)), facts())));
        let history = History::of(&levels.into_iter().chain(more).collect(), MONDAY);
        let sums = Sums::of(&history, &BTreeMap::new());
        let mut days = DayHistory::of(&history, &sums);
        assert_eq!(days.origins, [10, 12, 14, 16, 24]);
        assert_eq!(days.since(&history), MONDAY - 7 * 24, "all of less than a year");
        read(&history, &mut days);
        let shapes = days.shapes(&history);
        let shape = DayShape::from(shapes[3].as_ref().unwrap());
        assert_eq!((shapes.len(), shape.is_even, shape.sales, shape.weekly), (4, false, 24 + 16, 6.0), "{shape:?}");
        assert!(shape.days[5].mean > 0.7 && shape.days[1].mean.abs() < f64::EPSILON, "{shape:?}");
        let open: OpenDays = [8, 9].iter().flat_map(|n| [0, 5].map(|day| ((store(*n), day), history.first_week + 7))).collect();
        let shares = days.shares(&history, &open);
        assert!(shares[4][0][5] > 0.5 && shares[4][0][1].abs() < f64::EPSILON, "closed on a Tuesday: {:?}", shares[4][0]);
        let panel = history.panel().unwrap();
        let run = forecast_all(&panel, &Settings::default());
        let errors = days.errors(&panel, &run, &shares, 1);
        // Four series, two products and three sums (all, and each store): 4 origins × 8 weeks × 2 days of each are 256, 128 and 192 errors.
        let week = WeekForecast { ahead: 1, days: [1.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.0], step: Some(1.0) };
        let [monday, tuesday, .., saturday, _] = errors.points(DayLevel::Store, &week);
        let bounds = saturday.bounds.unwrap();
        assert!(bounds[2] <= bounds[0] && bounds[0] <= 5.0 && 5.0 <= bounds[1] && bounds[1] <= bounds[3], "{bounds:?}");
        assert!(monday.bounds.is_some() && tuesday.bounds.is_none(), "a closed day has no interval");
        assert!(errors.points(DayLevel::AllStores, &week).iter().all(|day| day.bounds.is_none()), "fewer than 200 errors");
        assert!(errors.points(DayLevel::Sum, &week).iter().all(|day| day.bounds.is_none()), "fewer than 200 errors");
        assert_eq!(errors.points(DayLevel::Store, &WeekForecast { step: None, ..week })[5].bounds, None);
        let kept = choices_of(&run, &BTreeMap::new(), &[], &errors);
        assert_eq!(StoredDayErrors::parse_choices(&kept), Some(errors));
        assert_eq!(StoredDayErrors::parse_choices("{}"), None);
    }

    #[test]
    fn a_short_history_gives_shares_alone() {
        let facts = LevelFacts { weeks: vec![(MONDAY - 21, 7), (MONDAY - 7, 7)], ..LevelFacts::default() };
        let history = History::of(&BTreeMap::from([((product(1), store(8)), facts)]), MONDAY);
        let mut days = DayHistory::of(&history, &Sums::of(&history, &BTreeMap::new()));
        assert_eq!((days.since(&history), days.units.len()), (MONDAY - 21, 0));
        days.add(&history, MONDAY - 7, &WeekDays { product: product(1), store: store(8), units: [7, 0, 0, 0, 0, 0, 0] });
        days.add(&history, MONDAY - 7, &WeekDays { product: product(2), store: store(8), units: [1; 7] });
        assert_eq!(days.shapes(&history), [None], "of three weeks");
        let shares = days.shares(&history, &OpenDays::new());
        assert_eq!(shares.len(), 1);
        assert!(shares[0][0][0] > 0.4, "{shares:?}");
        let panel = history.panel().unwrap();
        let run = forecast_all(&panel, &Settings::default());
        assert!(days.errors(&panel, &run, &[], 1).is_empty());
    }
}
