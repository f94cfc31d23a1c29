//! Scores of past weeks: the actual demand against its forecasts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::prelude::*;
use forecast::{panel::WEEK_DAYS, weekdays::ByDay};
use platform::storage::{Fault, Reads, TenantScope};

use crate::forecasting::{
    core::{DRIFT_WEEKS, DayLevel, Drift, History, Outcome, StoredDayErrors, StoredScaled, Tally, WeekForecast},
    rows::{self, ScoreKey, StoredForecast},
};

/// Weeks ahead that are scored.
pub const SCORED_LEAD_WEEKS: [i32; 3] = [1, 4, 8];
/// Days after the end of a week when it is scored, so that late records are included.
const SETTLING_DAYS: i32 = 7;
/// Past weeks that are read: the forecasts of a node that was down are scored later.
const SCORING_LOOKBACK_WEEKS: i32 = 12;
/// Minimum days of a week on which a product could be sold, for its forecast to be scored.
const MIN_SALE_DAYS: u8 = 5;

/// The last week that a run scores.
pub(super) const fn last_scorable_week(first_week: i32) -> i32 {
    first_week - 7 - SETTLING_DAYS
}

/// Scores the weeks that are complete, settled and not scored yet, against the forecasts that were
/// made before the week was over.
pub(super) async fn score_weeks(
    scope: &TenantScope,
    histories: [&History; 2],
    first_week: i32,
) -> Result<BTreeMap<ScoreKey, Tally>, Fault> {
    let oldest = first_week - 7 * SCORING_LOOKBACK_WEEKS;
    let scored_weeks = rows::find_scored_weeks(scope, oldest).await?;
    let runs = rows::run_weeks(scope, oldest - 7 * SCORING_LOOKBACK_WEEKS).await?;
    let mut weeks_by_run: BTreeMap<i32, Vec<(i32, i32)>> = BTreeMap::new();
    for week in (oldest..=last_scorable_week(first_week)).step_by(7) {
        for lead in SCORED_LEAD_WEEKS {
            let run = week - 7 * (lead - 1);
            if runs.contains(&run) && !scored_weeks.contains(&(week, lead)) {
                weeks_by_run.entry(run).or_default().push((week, lead));
            }
        }
    }
    let mut tallies: BTreeMap<ScoreKey, Tally> = BTreeMap::new();
    let actual = actual_demand(&histories);
    let mut actuals: BTreeMap<i32, ActualDays> = BTreeMap::new();
    for (run, weeks) in weeks_by_run {
        // Runs are in order: later ones forecast no week before their own.
        actuals.retain(|week, _| *week >= run);
        let errors = rows::day_errors(scope, run).await?;
        if !errors.is_empty() {
            let missing_weeks: Vec<i32> =
                weeks.iter().map(|(week, _)| *week).filter(|week| !actuals.contains_key(week)).collect();
            for week in missing_weeks {
                actuals.insert(week, actual_days(scope, week).await?);
            }
        }
        for part in rows::parts_of_run(scope, run).await? {
            let stored = rows::all_series_of_products(scope, run, &part).await?;
            let days = RunDays::of(&errors, &stored, &weeks);
            for series in stored.iter().filter(|series| series.is_scored()) {
                for (week, lead) in &weeks {
                    let actual_units = actual(series.product, series.store, *week);
                    let (Some((units, is_whole)), Some(point)) = (actual_units, series.body.point_ahead(*lead as usize)) else {
                        continue;
                    };
                    let level = if series.store == StoreId::NIL { ForecastLevel::AllStores } else { ForecastLevel::Store };
                    let key = ScoreKey { week: *week, lead: *lead, level, class: series.class };
                    let (naive, step) = (series.body.naive, series.body.step);
                    let outcome = Outcome { forecast: point.mean, naive, bounds: point.bounds, step, units };
                    let tally = tallies.entry(key).or_default();
                    tally.add(&outcome);
                    if let Some(actuals) = actuals.get(week).filter(|_| is_whole) {
                        days.score(tally, (series, *lead), actuals);
                    }
                }
            }
        }
    }
    Ok(tallies)
}

/// Units of each day of a week by product and store, Monday first; with the nil store of all together.
type ActualDays = HashMap<(ProductId, StoreId), ByDay<i64>>;

async fn actual_days(scope: &TenantScope, week: i32) -> Result<ActualDays, Fault> {
    let mut actuals = ActualDays::new();
    for level_days in rows::week_days(scope, week).await? {
        for store in [level_days.store, StoreId::NIL] {
            let days = actuals.entry((level_days.product, store)).or_default();
            days.iter_mut().zip(level_days.units).for_each(|(sum, units)| *sum = sum.saturating_add(units));
        }
    }
    Ok(actuals)
}

/// Days of products as a run forecast them.
struct RunDays<'a> {
    errors: &'a StoredDayErrors,
    /// Forecasts of days for all stores together, by product and lead.
    sums: HashMap<(ProductId, i32), ByDay<f64>>,
}

impl<'a> RunDays<'a> {
    fn of(errors: &'a StoredDayErrors, stored: &[StoredForecast], weeks: &[(i32, i32)]) -> Self {
        let mut sums: HashMap<(ProductId, i32), ByDay<f64>> = HashMap::new();
        let leads: BTreeSet<i32> = weeks.iter().filter(|_| !errors.is_empty()).map(|(_, lead)| *lead).collect();
        for series in stored.iter().filter(|series| series.store != StoreId::NIL) {
            for lead in &leads {
                let Some(days) = days_of(series, *lead) else { continue };
                let sum = sums.entry((series.product, *lead)).or_default();
                sum.iter_mut().zip(days).for_each(|(sum, units)| *sum += units);
            }
        }
        Self { errors, sums }
    }

    /// Adds the score of the days of a series' week, forecast `lead` weeks ahead, to a tally.
    fn score(&self, tally: &mut Tally, (series, lead): (&StoredForecast, i32), actuals: &ActualDays) {
        let (level, days) = if series.store == StoreId::NIL {
            (DayLevel::AllStores, self.sums.get(&(series.product, lead)).copied())
        } else {
            (DayLevel::Store, days_of(series, lead))
        };
        let Some(days) = days else { return };
        let week = WeekForecast { ahead: usize::try_from(lead).unwrap_or_default(), days, step: series.body.step };
        let actuals = actuals.get(&(series.product, series.store)).copied().unwrap_or_default();
        for (point, units) in self.errors.points(level, &week).iter().zip(actuals) {
            if let Some(bounds) = point.bounds {
                tally.add_day(bounds, units.max(0));
            }
        }
    }
}

/// Returns the days of a store's series, `lead` weeks ahead.
fn days_of(series: &StoredForecast, lead: i32) -> Option<ByDay<f64>> {
    series.body.days().nth(usize::try_from(lead).ok()?.checked_sub(1)?)
}

/// Returns errors with the steps that they are scaled by, and days inside their intervals, of each
/// class: the part that a run stores of the weeks that it scored.
pub(super) fn scaled_errors_by_class(scores: &BTreeMap<ScoreKey, Tally>) -> BTreeMap<DemandClass, Vec<StoredScaled>> {
    let mut errors_by_class: BTreeMap<DemandClass, Vec<StoredScaled>> = BTreeMap::new();
    let listed_scores = scores.iter().filter(|(_, tally)| tally.step_milli > 0 || tally.bounded_days > 0);
    for (ScoreKey { week, lead, level, class }, tally) in listed_scores {
        errors_by_class.entry(*class).or_default().push(StoredScaled {
            week: *week,
            lead: *lead,
            level: *level,
            error: tally.scaled_milli,
            step: tally.step_milli,
            days: (tally.bounded_days > 0).then_some([tally.bounded_days, tally.days80, tally.days95]),
        });
    }
    errors_by_class
}

/// Returns the demand classes whose intervals did not hold, neither in the last scored weeks nor in
/// those that ended a week before.
pub async fn drifted_classes(reads: &impl Reads) -> Result<BTreeSet<DemandClass>, Fault> {
    let Some(last) = rows::last_scored_week(reads).await? else { return Ok(BTreeSet::new()) };
    let now = drifted_until(reads, last).await?;
    let before = drifted_until(reads, last - 7).await?;
    Ok(now.intersection(&before).copied().collect())
}

async fn drifted_until(reads: &impl Reads, last: i32) -> Result<BTreeSet<DemandClass>, Fault> {
    let weeks = (last - 7 * (DRIFT_WEEKS - 1), last + 7);
    let tallies = rows::accuracy(reads, weeks, 1, ForecastLevel::Store).await?;
    Ok(tallies.into_iter().filter(|(_, tally)| Drift::of(tally).is_some()).map(|(class, _)| class).collect())
}

/// Returns the demand of a product in a store (nil: in all) in a week, and whether it could be sold
/// on all its days; `None` if it could be sold on too few.
fn actual_demand<'a>(histories: &[&'a History; 2]) -> impl Fn(ProductId, StoreId, i32) -> Option<(i64, bool)> + 'a {
    let mut places = BTreeMap::new();
    for history in histories {
        for series in &history.series {
            places.insert((series.product, series.store.unwrap_or(StoreId::NIL)), (*history, series));
        }
    }
    move |product, store, week| {
        let (history, series) = places.get(&(product, store))?;
        let index = history.week_index(week)?;
        let units = series.units.get(index)?.max(0);
        let days = series.days[index];
        (days >= MIN_SALE_DAYS).then_some((units, days == WEEK_DAYS))
    }
}
