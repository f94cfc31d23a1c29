//! Share of each weekday in a week's demand: the product's own if enough of its history is known,
//! else that of its category in the store.

use std::collections::{BTreeMap, HashMap};

use entity::prelude::*;
use forecast::weekdays::{ByDay, MIN_OWN_UNITS, PROFILE_WEEKS, profile, split};

use super::{History, SeriesHistory};

/// Minimum days on which a product could be sold in a known week.
const MIN_SALE_DAYS: u8 = 5;
/// Shares are stored to a hundred-thousandth.
const PARTS: f64 = 100_000.0;

/// The first day on which each store sold anything on a weekday, 0 for Monday.
pub type OpenDays = BTreeMap<(StoreId, usize), i32>;

/// Returns the weekday profile of each series of a history of stores, in its order, from the data
/// of the first `until` weeks. `own_units` are units by weekday of the eight weeks before.
pub fn profiles(history: &History, until: usize, own_units: &[ByDay<f32>], open: &OpenDays) -> Vec<ByDay<f64>> {
    let mut sums_by_category: HashMap<(u32, StoreId), ByDay<f64>> = HashMap::new();
    let mut selling_weeks: HashMap<StoreId, Vec<bool>> = HashMap::new();
    for (series, units) in history.series.iter().zip(own_units) {
        let Some(store) = series.store else { continue };
        let sum = sums_by_category.entry((series.category(), store)).or_default();
        sum.iter_mut().zip(units).for_each(|(sum, units)| *sum += f64::from(units.max(0.0)));
        let weeks = selling_weeks.entry(store).or_insert_with(|| vec![false; until]);
        weeks.iter_mut().zip(series.units.iter()).for_each(|(is_selling, units)| *is_selling |= units > 0);
    }
    let next_day = history.first_week + 7 * until as i32;
    let closed_days = |store: StoreId| -> ByDay<bool> {
        let weeks = selling_weeks.get(&store).map_or(0, |weeks| weeks.iter().filter(|is_selling| **is_selling).count());
        let is_open = |day: usize| open.get(&(store, day)).is_some_and(|first| *first < next_day);
        std::array::from_fn(|day| weeks >= PROFILE_WEEKS && !is_open(day))
    };
    let profile_of = |(series, units): (&SeriesHistory, &ByDay<f32>)| {
        let store = series.store.unwrap_or(StoreId::NIL);
        let last = until.checked_sub(PROFILE_WEEKS).and_then(|from| series.days.get(from..until));
        let is_known = last.is_some_and(|days| days.iter().all(|days| *days >= MIN_SALE_DAYS));
        let own_units = Some(units.map(f64::from)).filter(|units| is_known && units.iter().sum::<f64>() >= MIN_OWN_UNITS);
        let units = own_units.or_else(|| sums_by_category.get(&(series.category(), store)).copied()).unwrap_or_default();
        profile(&units, PROFILE_WEEKS.min(until), &closed_days(store)).map(|share| (share * PARTS).round() / PARTS)
    };
    history.series.iter().zip(own_units).map(profile_of).collect()
}

/// Returns the days of a forecast week, Monday first. They add up to the week.
pub fn days_of(mean: f64, shares: &ByDay<f64>) -> ByDay<f64> {
    split(mean, shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecasting::core::LevelFacts;

    const MONDAY: i32 = 20_716;

    fn product(n: u128) -> ProductId {
        ProductId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn store() -> StoreId {
        StoreId::from_uuid(uuid::Uuid::from_u128(9))
    }

    fn history(units: &[(u128, i64)]) -> History {
        let facts =
            |units: i64| LevelFacts { weeks: (1..=10).map(|back| (MONDAY - 7 * back, units)).collect(), ..LevelFacts::default() };
        let levels: BTreeMap<_, _> = units.iter().map(|(n, units)| ((product(*n), store()), facts(*units))).collect();
        History::of(&levels, MONDAY)
    }

    fn on(weekday: usize, units: f32) -> ByDay<f32> {
        std::array::from_fn(|day| if day == weekday { units } else { 0.0 })
    }

    /// Open on the first of these weekdays from the first week on.
    fn open(weekdays: usize) -> OpenDays {
        (0..weekdays).map(|weekday| ((store(), weekday), MONDAY - 70)).collect()
    }

    #[test]
    fn a_slow_product_has_the_days_of_its_category() {
        let history = history(&[(1, 100), (2, 1)]);
        let found = profiles(&history, 10, &[on(5, 800.0), on(0, 8.0)], &open(7));
        assert!(found[0][5] > 0.7, "its own Saturdays: {found:?}");
        assert!(found[1][5] > 0.7 && found[1][0] < 0.1, "eight units tell nothing of Mondays: {found:?}");
    }

    #[test]
    fn a_day_on_which_the_shop_never_sold_has_nothing() {
        let history = history(&[(1, 100)]);
        let found = profiles(&history, 10, &[on(5, 800.0)], &open(6));
        assert!(found[0][6].abs() < f64::EPSILON, "{}", found[0][6]);
        let days = days_of(10.0, &found[0]);
        assert_eq!((days[6], (days.iter().sum::<f64>() * 1_000.0).round()), (0.0, 10_000.0), "{days:?}");
        let mut later = open(6);
        later.insert((store(), 6), MONDAY - 1);
        let at = |until: usize| profiles(&history, until, &[on(5, 800.0)], &later)[0][6];
        assert!(at(9).abs() < f64::EPSILON && at(10) > 0.0, "its first Sunday was known a week later");
    }
}
