//! Weeks that have come true, beside what was forecast of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::prelude::*;
use forecast::{panel::WEEK_DAYS, weekdays::ByDay};
use platform::storage::{Fault, Reads, TenantScope};

use crate::forecasting::{
    core::{DRIFT_WEEKS, DayLevel, Drift, History, Outcome, StoredDayErrors, StoredScaled, Tally, WeekForecast},
    rows::{self, KeptSeries, ScoreKey},
};

/// Weeks ahead that are scored.
pub const LEADS: [i32; 3] = [1, 4, 8];
/// A week is scored when it has been over for this long: what is recorded late is in it then.
const SETTLED_DAYS: i32 = 7;
/// Weeks that are looked back on: forecasts of a node that stood still are scored later.
const BACK: i32 = 12;
/// A week on which a product could be sold for fewer days tells nothing of its forecast.
const FEWEST_DAYS: u8 = 5;

/// The last week that a run scores.
pub(super) const fn last_settled(first_week: i32) -> i32 {
    first_week - 7 - SETTLED_DAYS
}

/// Scores of weeks that are complete, settled and not scored yet. Forecasts are taken as they were made, before the week was over.
pub(super) async fn score_weeks(
    scope: &TenantScope,
    histories: [&History; 2],
    first_week: i32,
) -> Result<BTreeMap<ScoreKey, Tally>, Fault> {
    let oldest = first_week - 7 * BACK;
    let done = rows::scored(scope, oldest).await?;
    let runs = rows::run_weeks(scope, oldest - 7 * BACK).await?;
    let mut due: BTreeMap<i32, Vec<(i32, i32)>> = BTreeMap::new();
    for week in (oldest..=last_settled(first_week)).step_by(7) {
        for lead in LEADS {
            let run = week - 7 * (lead - 1);
            if runs.contains(&run) && !done.contains(&(week, lead)) {
                due.entry(run).or_default().push((week, lead));
            }
        }
    }
    let mut tallies: BTreeMap<ScoreKey, Tally> = BTreeMap::new();
    let actual = actual(&histories);
    let mut came: BTreeMap<i32, CameDays> = BTreeMap::new();
    for (run, weeks) in due {
        // Runs are in order: none of those to come forecasts a week before its own.
        came.retain(|week, _| *week >= run);
        let errors = rows::day_errors(scope, run).await?;
        if !errors.is_empty() {
            let unread: Vec<i32> = weeks.iter().map(|(week, _)| *week).filter(|week| !came.contains_key(week)).collect();
            for week in unread {
                came.insert(week, came_days(scope, week).await?);
            }
        }
        for part in rows::parts_of_run(scope, run).await? {
            let kept = rows::all_series_of_products(scope, run, &part).await?;
            let days = RunDays::of(&errors, &kept, &weeks);
            for series in kept.iter().filter(|series| series.is_scored()) {
                for (week, lead) in &weeks {
                    let found = actual(series.product, series.store, *week);
                    let (Some((units, is_whole)), Some(point)) = (found, series.body.ahead(*lead as usize)) else { continue };
                    let level = if series.store == StoreId::NIL { ForecastLevel::AllStores } else { ForecastLevel::Store };
                    let key = ScoreKey { week: *week, lead: *lead, level, class: series.class };
                    let (naive, step) = (series.body.naive, series.body.step);
                    let outcome = Outcome { forecast: point.mean, naive, bounds: point.bounds, step, units };
                    let tally = tallies.entry(key).or_default();
                    tally.add(&outcome);
                    if let Some(came) = came.get(week).filter(|_| is_whole) {
                        days.score(tally, (series, *lead), came);
                    }
                }
            }
        }
    }
    Ok(tallies)
}

/// Units of each day of a week by product and store, Monday first; with the nil store of all together.
type CameDays = HashMap<(ProductId, StoreId), ByDay<i64>>;

async fn came_days(scope: &TenantScope, week: i32) -> Result<CameDays, Fault> {
    let mut came = CameDays::new();
    for found in rows::week_days(scope, week).await? {
        for store in [found.store, StoreId::NIL] {
            let days = came.entry((found.product, store)).or_default();
            days.iter_mut().zip(found.units).for_each(|(sum, units)| *sum = sum.saturating_add(units));
        }
    }
    Ok(came)
}

/// Days of products as a run forecast them.
struct RunDays<'a> {
    errors: &'a StoredDayErrors,
    /// Of all stores together, by product and lead.
    sums: HashMap<(ProductId, i32), ByDay<f64>>,
}

impl<'a> RunDays<'a> {
    fn of(errors: &'a StoredDayErrors, kept: &[KeptSeries], weeks: &[(i32, i32)]) -> Self {
        let mut sums: HashMap<(ProductId, i32), ByDay<f64>> = HashMap::new();
        let leads: BTreeSet<i32> = weeks.iter().filter(|_| !errors.is_empty()).map(|(_, lead)| *lead).collect();
        for series in kept.iter().filter(|series| series.store != StoreId::NIL) {
            for lead in &leads {
                let Some(days) = days_of(series, *lead) else { continue };
                let sum = sums.entry((series.product, *lead)).or_default();
                sum.iter_mut().zip(days).for_each(|(sum, units)| *sum += units);
            }
        }
        Self { errors, sums }
    }

    /// Adds the days of a series' week, so many weeks ahead, to what came of them.
    fn score(&self, tally: &mut Tally, (series, lead): (&KeptSeries, i32), came: &CameDays) {
        let (level, days) = if series.store == StoreId::NIL {
            (DayLevel::AllStores, self.sums.get(&(series.product, lead)).copied())
        } else {
            (DayLevel::Store, days_of(series, lead))
        };
        let Some(days) = days else { return };
        let week = WeekForecast { ahead: usize::try_from(lead).unwrap_or_default(), days, step: series.body.step };
        let came = came.get(&(series.product, series.store)).copied().unwrap_or_default();
        for (point, units) in self.errors.points(level, &week).iter().zip(came) {
            if let Some(bounds) = point.bounds {
                tally.add_day(bounds, units.max(0));
            }
        }
    }
}

/// The days of a series of a store, so many weeks ahead.
fn days_of(series: &KeptSeries, lead: i32) -> Option<ByDay<f64>> {
    series.body.days().nth(usize::try_from(lead).ok()?.checked_sub(1)?)
}

/// Errors with the steps that they are scaled by, and days inside their intervals, of each class: what a run keeps of the weeks that it scored.
pub(super) fn scaled(scores: &BTreeMap<ScoreKey, Tally>) -> BTreeMap<DemandClass, Vec<StoredScaled>> {
    let mut found: BTreeMap<DemandClass, Vec<StoredScaled>> = BTreeMap::new();
    let listed = scores.iter().filter(|(_, tally)| tally.step_milli > 0 || tally.bounded_days > 0);
    for (ScoreKey { week, lead, level, class }, tally) in listed {
        found.entry(*class).or_default().push(StoredScaled {
            week: *week,
            lead: *lead,
            level: *level,
            error: tally.scaled_milli,
            step: tally.step_milli,
            days: (tally.bounded_days > 0).then_some([tally.bounded_days, tally.days80, tally.days95]),
        });
    }
    found
}

/// Classes of demand whose intervals held neither in the last weeks that were scored nor in those that ended a week before.
pub async fn twice_drifted(reads: &impl Reads) -> Result<BTreeSet<DemandClass>, Fault> {
    let Some(last) = rows::last_scored(reads).await? else { return Ok(BTreeSet::new()) };
    let now = drifted_by(reads, last).await?;
    let before = drifted_by(reads, last - 7).await?;
    Ok(now.intersection(&before).copied().collect())
}

async fn drifted_by(reads: &impl Reads, last: i32) -> Result<BTreeSet<DemandClass>, Fault> {
    let weeks = (last - 7 * (DRIFT_WEEKS - 1), last + 7);
    let found = rows::accuracy(reads, weeks, 1, ForecastLevel::Store).await?;
    Ok(found.into_iter().filter(|(_, tally)| Drift::of(tally).is_some()).map(|(class, _)| class).collect())
}

/// Units that were wanted of a product in a store (nil: in all) in a week, and whether it could be sold on all its days; None where it could hardly be sold.
fn actual<'a>(histories: &[&'a History; 2]) -> impl Fn(ProductId, StoreId, i32) -> Option<(i64, bool)> + 'a {
    let mut places = BTreeMap::new();
    for history in histories {
        for series in &history.series {
            places.insert((series.product, series.store.unwrap_or(StoreId::NIL)), (*history, series));
        }
    }
    move |product, store, week| {
        let (history, series) = places.get(&(product, store))?;
        let place = history.place(week)?;
        let units = series.units[place].max(0);
        let days = series.days[place];
        (days >= FEWEST_DAYS).then_some((units, days == WEEK_DAYS))
    }
}
