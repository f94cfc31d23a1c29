//! Calibration of service levels: the service that promises gave in simulation, by ABC class, and
//! the quantile levels that are used instead.

use std::collections::BTreeMap;

use entity::prelude::*;
use forecast::{
    models::Method,
    reorder::Terms,
    selection::{DEFAULT_METHOD, MIN_FIRST_POOLED},
    simulate::{Correction, MIN_CYCLES, OrderUpTo, Past, SERVICE_SEARCH_RANGE, UnmetDemand, corrections},
};
use serde::{Deserialize, Serialize};

use super::{History, Level, SeriesHistory, StoredClasses};

/// Promised service levels that are simulated.
const PROMISED_LEVELS: [f64; 3] = [0.90, 0.95, 0.98];
/// Last weeks that count; weeks before them that only move levels; and the minimum weeks of a
/// simulation.
const EVALUATED_WEEKS: usize = 20;
const WARM_UP_WEEKS: usize = 8;
const MIN_EVALUATED_WEEKS: usize = 8;
/// Lead time and review of the simulation, in weeks.
const LEAD_WEEKS: usize = 2;
const REVIEW_WEEKS: usize = 1;
/// Maximum simulated series of a class: they bound the time of a run.
const MAX_SERIES: usize = 100;
/// Seed of the demand of weeks without stock: always the same.
const SEED: u64 = 1;

/// A promise to a class, stored with a run. Shares are 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StoredCorrection {
    pub class: AbcClass,
    pub promised: f64,
    /// Cycle service of the uncorrected quantiles.
    pub given: f64,
    /// Cycle service of levels that were corrected from the weeks before.
    pub corrected: f64,
    /// The level for the weeks to come.
    pub level: f64,
    pub cycles: u64,
    /// Whether plans use that level: it missed the promise by less.
    pub is_used: bool,
}

impl StoredCorrection {
    fn of(class: AbcClass, correction: &Correction) -> Option<Self> {
        let rounded = |share: f64| (share * 1e4).round() / 1e4;
        Some(Self {
            class,
            promised: correction.promised,
            given: rounded(correction.plain.service()?),
            corrected: rounded(correction.corrected.service()?),
            level: rounded(correction.level),
            cycles: correction.plain.cycles,
            is_used: correction.is_better(),
        })
    }
}

/// Returns at most [`MAX_SERIES`] of each class, evenly spaced, each with its class. Empty if no
/// class has enough cycles.
fn sample(stores: &History, classes: &BTreeMap<Level, StoredClasses>) -> Vec<(SeriesHistory, AbcClass)> {
    let class_of = |series: &SeriesHistory| Some(classes.get(&(series.store?, series.product))?.abc);
    let mut sampled_series = Vec::new();
    for class in AbcClass::ALL {
        let class_series: Vec<&SeriesHistory> = stores.series.iter().filter(|series| class_of(series) == Some(*class)).collect();
        if ((class_series.len() * EVALUATED_WEEKS) as u64) < MIN_CYCLES {
            continue;
        }
        let step = class_series.len().div_ceil(MAX_SERIES).max(1);
        sampled_series.extend(class_series.into_iter().step_by(step).map(|series| (series.clone(), *class)));
    }
    sampled_series
}

/// Returns the service that promised levels gave to each class over the last weeks. Classes with
/// too few products or weeks are left out.
pub fn corrections_of(stores: &History, classes: &BTreeMap<Level, StoredClasses>) -> Vec<StoredCorrection> {
    corrections_in(stores, classes).unwrap_or_default()
}

fn corrections_in(stores: &History, classes: &BTreeMap<Level, StoredClasses>) -> Option<Vec<StoredCorrection>> {
    let (series, groups): (Vec<SeriesHistory>, Vec<Option<usize>>) =
        sample(stores, classes).into_iter().map(|(series, class)| (series, Some(class as usize))).unzip();
    if series.is_empty() {
        return None;
    }
    let panel = History { first_week: stores.first_week, weeks: stores.weeks, series }.panel()?;
    let past =
        Past::new(&panel, &Method::single(DEFAULT_METHOD), LEAD_WEEKS + REVIEW_WEEKS, (MIN_FIRST_POOLED, 1)).with_pool_cache();
    let pooled_week = (MIN_FIRST_POOLED..panel.weeks()).find(|week| past.pools(*week).has_enough_scores())?;
    let first = (pooled_week + WARM_UP_WEEKS).max(panel.weeks().saturating_sub(EVALUATED_WEEKS));
    if first + MIN_EVALUATED_WEEKS > panel.weeks() {
        return None;
    }
    let mut found = Vec::new();
    for promised in PROMISED_LEVELS {
        let policy = OrderUpTo {
            service: promised,
            lead_weeks: LEAD_WEEKS,
            review_weeks: REVIEW_WEEKS,
            terms: Terms { minimum: 0, pack: 1, breaks: None, shelf: None },
            unmet: UnmetDemand::Lost,
            weeks: first..panel.weeks(),
            warm_up: WARM_UP_WEEKS,
            seed: SEED,
        };
        let class_corrections = corrections(&panel, (&groups, AbcClass::ALL.len()), &past, &policy);
        let stored =
            AbcClass::ALL.iter().zip(&class_corrections).filter_map(|(class, found)| StoredCorrection::of(*class, found));
        found.extend(stored.filter(|one| one.cycles >= MIN_CYCLES));
    }
    Some(found)
}

/// The quantile levels that plans use.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calibration(BTreeMap<AbcClass, Vec<(f64, f64)>>);

impl Calibration {
    pub fn new(corrections: &[StoredCorrection]) -> Self {
        let mut levels_by_class: BTreeMap<AbcClass, Vec<(f64, f64)>> = BTreeMap::new();
        for one in corrections {
            let levels = levels_by_class.entry(one.class).or_default();
            levels.push((one.promised, if one.is_used { one.level } else { one.promised }));
        }
        for levels in levels_by_class.values_mut() {
            levels.sort_by(|one, other| one.0.total_cmp(&other.0));
            // A higher promise never has a lower level.
            let mut running_max: f64 = 0.0;
            for (_, level) in levels {
                running_max = running_max.max(*level);
                *level = running_max;
            }
        }
        Self(levels_by_class)
    }
    /// Returns the quantile level by which a class is given the promised service: the promise
    /// itself if there is no calibration. Between simulated promises the shift is linear; below
    /// them it is that of the lowest, above them it falls with 1 − promise.
    pub fn level(&self, class: AbcClass, promised: f64) -> f64 {
        let Some((levels, (lowest, highest))) =
            self.0.get(&class).and_then(|levels| Some((levels, (levels.first()?, levels.last()?))))
        else {
            return promised;
        };
        let shift = |(promised, level): &(f64, f64)| level - promised;
        let total_shift = if promised <= lowest.0 {
            shift(lowest)
        } else if promised >= highest.0 {
            shift(highest) * (1.0 - promised) / (1.0 - highest.0)
        } else {
            let above = levels.partition_point(|(key, _)| *key <= promised);
            let (left, right) = (&levels[above - 1], &levels[above]);
            shift(left) + (promised - left.0) / (right.0 - left.0) * (shift(right) - shift(left))
        };
        (promised + total_shift).clamp(SERVICE_SEARCH_RANGE.0, SERVICE_SEARCH_RANGE.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecasting::core::{LevelFacts, StoredXyz};

    fn id<K>(n: u128) -> Id<K> {
        Id::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn a_level_lies_between_those_that_were_simulated() {
        let one = |promised: f64, level: f64| StoredCorrection {
            class: AbcClass::A,
            promised,
            given: 0.95,
            corrected: promised,
            level,
            cycles: 2_000,
            is_used: true,
        };
        let unused = StoredCorrection { is_used: false, ..one(0.98, 0.5) };
        let found = Calibration::new(&[one(0.95, 0.92), unused, one(0.90, 0.85)]);
        let near = |promised: f64, expected: f64| (found.level(AbcClass::A, promised) - expected).abs() < 1e-9;
        assert!(near(0.90, 0.85) && near(0.95, 0.92) && near(0.98, 0.98));
        assert!(near(0.925, 0.885) && near(0.85, 0.80) && near(0.5, 0.5) && near(0.99, 0.99));
        let up = Calibration::new(&[one(0.98, 0.99)]);
        assert!((up.level(AbcClass::A, 0.99) - 0.995).abs() < 1e-9, "half of what may be missed, half of the shift");
        assert_eq!((found.level(AbcClass::B, 0.9), Calibration::default().level(AbcClass::A, 0.9)), (0.9, 0.9));
        let falling = Calibration::new(&[one(0.90, 0.95), one(0.95, 0.93)]);
        assert!((falling.level(AbcClass::A, 0.95) - 0.95).abs() < 1e-9);
    }

    #[test]
    fn classes_with_cycles_enough_are_simulated() {
        let weekly = |product: u128| {
            // Uneven weeks that repeat nowhere.
            let units = |week: i64| 5 + (week * 7 + product as i64 * 13) * (week + 3) % 17;
            LevelFacts { weeks: (0..44).map(|week| (7 * week as i32 + 4, units(week))).collect(), ..LevelFacts::default() }
        };
        let facts: BTreeMap<(ProductId, StoreId), LevelFacts> = (1..=32).map(|n| ((id(n), id(90)), weekly(n))).collect();
        let stores = History::of(&facts, 4 + 7 * 44);
        let of = |n: u128| if n <= 30 { AbcClass::A } else { AbcClass::B };
        let stored = |abc: AbcClass| StoredClasses { abc, xyz: StoredXyz::X, computed_abc: abc, computed_xyz: StoredXyz::X };
        let classes: BTreeMap<Level, StoredClasses> = (1..=32).map(|n| ((id(90), id(n)), stored(of(n)))).collect();
        let found = corrections_of(&stores, &classes);
        let said: Vec<(AbcClass, f64, u64)> = found.iter().map(|one| (one.class, one.promised, one.cycles)).collect();
        assert_eq!(said, PROMISED_LEVELS.map(|promised| (AbcClass::A, promised, 600)), "two products of B are too few");
        assert!(found.iter().all(|one| (0.5..=1.0).contains(&one.given) && (0.5..=0.999).contains(&one.level)), "{found:?}");
        assert_eq!(corrections_of(&stores, &BTreeMap::new()), []);
    }
}
