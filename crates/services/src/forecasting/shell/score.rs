//! Weeks that have come true, beside what was forecast of them.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use platform::storage::{Fault, Reads, TenantScope};

use crate::forecasting::{
    core::{DRIFT_WEEKS, Drift, History, Outcome, StoredScaled, Tally},
    rows::{self, ScoreKey},
};

/// Weeks ahead that are scored.
pub const LEADS: [i32; 3] = [1, 4, 8];
/// A week is scored when it has been over for this long: what is recorded late is in it then.
const SETTLED_DAYS: i32 = 7;
/// Weeks that are looked back on: forecasts of a node that stood still are scored later.
const BACK: i32 = 12;
/// A week on which a product could be sold for fewer days tells nothing of its forecast.
const FEWEST_DAYS: u8 = 5;

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
    let last = first_week - 7 - SETTLED_DAYS;
    for week in (oldest..=last).step_by(7) {
        for lead in LEADS {
            let run = week - 7 * (lead - 1);
            if runs.contains(&run) && !done.contains(&(week, lead)) {
                due.entry(run).or_default().push((week, lead));
            }
        }
    }
    let mut tallies: BTreeMap<ScoreKey, Tally> = BTreeMap::new();
    let actual = actual(&histories);
    for (run, weeks) in due {
        for series in rows::series_of_run(scope, run).await? {
            for (week, lead) in &weeks {
                let (Some(units), Some(point)) = (actual(series.product, series.store, *week), series.body.ahead(*lead as usize))
                else {
                    continue;
                };
                let level = if series.store == StoreId::NIL { ForecastLevel::AllStores } else { ForecastLevel::Store };
                let key = ScoreKey { week: *week, lead: *lead, level, class: series.class };
                let (naive, step) = (series.body.naive, series.body.step);
                let outcome = Outcome { forecast: point.mean, naive, bounds: point.bounds, step, units };
                tallies.entry(key).or_default().add(&outcome);
            }
        }
    }
    Ok(tallies)
}

/// Errors with the steps that they are scaled by, of each class: what a run keeps of the weeks that it scored.
pub(super) fn scaled(scores: &BTreeMap<ScoreKey, Tally>) -> BTreeMap<DemandClass, Vec<StoredScaled>> {
    let mut found: BTreeMap<DemandClass, Vec<StoredScaled>> = BTreeMap::new();
    for (ScoreKey { week, lead, level, class }, tally) in scores.iter().filter(|(_, tally)| tally.step_milli > 0) {
        let (error, step) = (tally.scaled_milli, tally.step_milli);
        found.entry(*class).or_default().push(StoredScaled { week: *week, lead: *lead, level: *level, error, step });
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

/// Units that were wanted of a product in a store (nil: in all) in a week; None where it could hardly be sold.
fn actual<'a>(histories: &[&'a History; 2]) -> impl Fn(ProductId, StoreId, i32) -> Option<i64> + 'a {
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
        (series.days[place] >= FEWEST_DAYS).then_some(units)
    }
}
