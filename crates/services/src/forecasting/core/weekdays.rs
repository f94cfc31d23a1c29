//! Which share of a week's demand comes on which day: a product's own where enough of it is known, else its category's in the store.

use std::collections::{BTreeSet, HashMap};

use entity::prelude::*;
use forecast::weekdays::{ByDay, OWN_UNITS, PROFILE_WEEKS, profile, split};

use super::History;

/// Days on which a product could be sold in a week that is known.
const WHOLE_DAYS: u8 = 5;
/// Shares are kept to a hundred-thousandth.
const PARTS: f64 = 100_000.0;

/// Units that were wanted of a product in a store on a weekday, 0 for Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayUnits {
    pub product: ProductId,
    pub store: StoreId,
    pub weekday: usize,
    pub units: i64,
}

/// The profile of each series of a history of stores, in its order. `days` are of the last eight weeks, `open` the weekdays on which a store ever sold.
pub fn profiles(history: &History, days: &[DayUnits], open: &BTreeSet<(StoreId, usize)>) -> Vec<ByDay<f64>> {
    let mut own: HashMap<(ProductId, StoreId), ByDay<f64>> = HashMap::new();
    for day in days {
        if let Some(units) = own.entry((day.product, day.store)).or_default().get_mut(day.weekday) {
            *units += day.units as f64;
        }
    }
    let mut of_category: HashMap<(u32, StoreId), ByDay<f64>> = HashMap::new();
    let mut selling: HashMap<StoreId, BTreeSet<usize>> = HashMap::new();
    for series in &history.series {
        let Some(store) = series.store else { continue };
        if let Some(units) = own.get(&(series.product, store)) {
            let sum = of_category.entry((series.category(), store)).or_default();
            sum.iter_mut().zip(units).for_each(|(sum, units)| *sum += units.max(0.0));
        }
        let weeks = series.units.iter().enumerate().filter(|(_, units)| **units > 0);
        selling.entry(store).or_default().extend(weeks.map(|(week, _)| week));
    }
    let closed = |store: StoreId| -> ByDay<bool> {
        let is_known = selling.get(&store).is_some_and(|weeks| weeks.len() >= PROFILE_WEEKS);
        std::array::from_fn(|day| is_known && !open.contains(&(store, day)))
    };
    let of_series = |series: &super::SeriesHistory| {
        let store = series.store.unwrap_or(StoreId::NIL);
        let last = series.days.len().checked_sub(PROFILE_WEEKS).and_then(|from| series.days.get(from..));
        let is_known = last.is_some_and(|days| days.iter().all(|days| *days >= WHOLE_DAYS));
        let own = own.get(&(series.product, store)).filter(|units| is_known && units.iter().sum::<f64>() >= OWN_UNITS);
        let units = own.or_else(|| of_category.get(&(series.category(), store))).copied().unwrap_or_default();
        profile(&units, PROFILE_WEEKS.min(history.weeks), &closed(store)).map(|share| (share * PARTS).round() / PARTS)
    };
    history.series.iter().map(of_series).collect()
}

/// The days of a week that is forecast, Monday first. They add up to the week.
pub fn days_of(mean: f64, shares: &ByDay<f64>) -> ByDay<f64> {
    split(mean, shares)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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

    fn day(n: u128, weekday: usize, units: i64) -> DayUnits {
        DayUnits { product: product(n), store: store(), weekday, units }
    }

    #[test]
    fn a_slow_product_has_the_days_of_its_category() {
        let history = history(&[(1, 100), (2, 1)]);
        let days = [day(1, 5, 800), day(2, 0, 8)];
        let all: BTreeSet<_> = (0..7).map(|weekday| (store(), weekday)).collect();
        let found = profiles(&history, &days, &all);
        assert!(found[0][5] > 0.7, "its own Saturdays: {found:?}");
        assert!(found[1][5] > 0.7 && found[1][0] < 0.1, "eight units tell nothing of Mondays: {found:?}");
    }

    #[test]
    fn a_day_on_which_the_shop_never_sold_has_nothing() {
        let history = history(&[(1, 100)]);
        let open: BTreeSet<_> = (0..6).map(|weekday| (store(), weekday)).collect();
        let found = profiles(&history, &[day(1, 5, 800)], &open);
        assert!(found[0][6].abs() < f64::EPSILON, "{}", found[0][6]);
        let days = days_of(10.0, &found[0]);
        assert_eq!((days[6], (days.iter().sum::<f64>() * 1_000.0).round()), (0.0, 10_000.0), "{days:?}");
    }
}
