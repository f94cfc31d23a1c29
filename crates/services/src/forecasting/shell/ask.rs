//! Reading forecasts.

use std::collections::BTreeMap;

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::{
    paging::{ListPage, PageRequest},
    storage::{Database, Fault, Nested, Reads, TenantScope},
};

use crate::{
    demand::rows::spans_within,
    forecasting::{
        core::{
            DayLevel, DayPoint, Outcome, SIGNAL_WEEKS, StoredChoice, StoredDayErrors, StoredFactor, StoredScaled, StoredSum,
            SumKey, Tally, TrackingSignal, WeekForecast, days_in_stock, smoothed_signal,
        },
        rows::{self, StoredForecast, StoredRun},
    },
};

/// Units of a past week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeekUnits {
    /// Monday of the week.
    pub week: i32,
    pub units: i64,
    /// Days that closed with stock, in at least one of the stores; 7 for products that never had
    /// any.
    pub in_stock_days: u8,
}

/// A stored forecast of a week, and the actual demand.
#[derive(Debug, Clone, PartialEq)]
pub struct PastWeek {
    pub week: i32,
    pub forecast: f64,
    pub bounds: Option<[f64; 4]>,
    /// Value of the last known week before the run: the naive forecast.
    pub naive: f64,
    /// Mean step between the weeks before the run. `None` in runs of earlier versions.
    pub step: Option<f64>,
    /// False if the product had been out of stock for long.
    pub is_scored: bool,
    pub units: i64,
}

/// The newest forecast of a product, and the data that it is based on.
#[derive(Debug, Clone)]
pub struct ProductForecast {
    pub run: StoredRun,
    pub series: StoredForecast,
    /// Complete weeks of the history, oldest first.
    pub history: Vec<WeekUnits>,
    /// Past weeks with the forecasts that were made `lead` weeks before; oldest first.
    pub past: Vec<PastWeek>,
    /// Accuracy over the weeks of `past` that are settled and in which the product could be sold.
    pub accuracy: Tally,
    /// Tracking signal of forecasts one week ahead; `None` if fewer than eight settled weeks are
    /// known.
    pub signal: Option<TrackingSignal>,
    /// Smoothed signal of the same forecasts, over up to 26 weeks.
    pub smoothed_signal: Option<f64>,
    /// Days of the coming weeks, Monday first. Empty in runs of earlier versions.
    pub days: Vec<[DayPoint; 7]>,
    /// External series that apply to the store, with the run's result for each.
    pub factors: Vec<StoredFactor>,
}

/// The newest forecast of a sum.
#[derive(Debug, Clone)]
pub struct SumForecast {
    pub run: StoredRun,
    pub key: SumKey,
    pub sum: StoredSum,
    /// Days of the coming weeks, Monday first.
    pub days: Vec<[DayPoint; 7]>,
}

/// Weeks that a signal looks back on: more than it needs, as some weeks are unknown.
const SIGNAL_LOOKBACK_WEEKS: i32 = 2 * SIGNAL_WEEKS as i32;
/// Weeks that a smoothed signal looks back on; it needs about 20.
const SMOOTHED_LOOKBACK_WEEKS: i32 = 26;

/// Accuracy of one class; of all classes if it is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassAccuracy {
    pub class: Option<DemandClass>,
    pub tally: Tally,
}

/// Reads the newest run; `None` before the first.
pub async fn latest_run(permit: &Permit<kind::ReportRead>, db: &Database) -> Result<Option<StoredRun>, Fault> {
    rows::last_run(&permit.scope(db)).await
}

/// Reads a page of the newest run's forecasts, of the stores that the permit covers; empty before the first. The caller checks that the permit covers all
/// stores if the level is that of all together.
pub async fn list_forecasts(
    permit: &Permit<kind::ReportRead>,
    db: &Database,
    level: ForecastLevel,
    (filter, sorted): (&Nested<rows::ForecastFilter>, rows::ForecastsSorted),
    request: &PageRequest,
) -> Result<ListPage<StoredForecast>, Fault> {
    let (scope, reach) = (permit.scope(db), permit.reach());
    let stores = if let Reach::Stores(stores) = &reach { Some(&stores[..]) } else { None };
    // No run begins on the first day of all.
    let first_week = rows::last_run(&scope).await?.map_or(i32::MIN, |run| run.first_week);
    let source = rows::forecasts_source(scope.backend(), first_week, (level, stores), filter);
    Ok(ListPage { rows: rows::forecast_page(&scope, source.clone(), sorted, request).await?, source })
}

/// Returns the newest forecast of a product in a store, or in all stores together; `None` if it has
/// none. The history goes back by a number of weeks; past forecasts are those of a given lead. The
/// caller checks that the permit covers the store.
pub async fn product_forecast(
    permit: &Permit<kind::ReportRead>,
    db: &Database,
    (product, store): (ProductId, Option<StoreId>),
    (weeks, lead): (i32, i32),
) -> Result<Option<ProductForecast>, Fault> {
    let scope = permit.scope(db).long();
    let Some(run) = rows::last_run(&scope).await? else { return Ok(None) };
    let since = run.first_week - 7 * weeks.min(run.weeks);
    // The week before the run is not settled yet.
    let settled_until = run.first_week - 7;
    let signals_since = settled_until - 7 * SMOOTHED_LOOKBACK_WEEKS;
    let earliest = (since - 7 * lead).min(signals_since);
    let stored = rows::series_of_runs(&scope, product, store.unwrap_or(StoreId::NIL), earliest).await?;
    let Some(series) = stored.iter().rfind(|one| one.first_week == run.first_week).cloned() else { return Ok(None) };
    let units = rows::demand_weeks(&scope, product, store, (since.min(signals_since), run.first_week)).await?;
    let one_ahead = past_weeks(&stored, 1, (signals_since, settled_until), &units);
    let signal = TrackingSignal::of(&errors_since(&one_ahead, settled_until - 7 * SIGNAL_LOOKBACK_WEEKS, &series));
    let smoothed_signal = smoothed_signal(&errors_since(&one_ahead, signals_since, &series));
    let past = past_weeks(&stored, lead, (since, run.first_week), &units);
    let accuracy = tally(past.iter().filter(|one| one.week < settled_until), &series);
    let store_series =
        if store.is_none() { rows::series_of_products(&scope, run.first_week, &[product]).await? } else { Vec::new() };
    let stores = store.into_iter().chain(store_series.iter().map(|series| series.store));
    let levels: Vec<(ProductId, StoreId)> = stores.map(|store| (product, store)).collect();
    let history = load_history_weeks(&scope, &levels, (since, run.first_week), &units).await?;
    let errors = day_errors(&run)?;
    let days = if store.is_some() {
        series.body.day_points(&errors)
    } else {
        let sums = days_of_stores(&store_series);
        let step = series.body.step;
        let week = |(nth, days): (usize, [f64; 7])| WeekForecast { ahead: nth + 1, days, step };
        sums.into_iter().enumerate().map(|entry| errors.points(DayLevel::AllStores, &week(entry))).collect()
    };
    let all_factors: Vec<StoredFactor> =
        serde_json::from_str(&run.factors).map_err(|_| Fault::corrupt("forecast_run", "its factors are those of a run"))?;
    let has_categories = all_factors.iter().any(|factor| factor.goods.category().is_some());
    let categories = if has_categories { rows::categories_of(&scope, product).await? } else { Vec::new() };
    let factors = all_factors.into_iter().filter(|factor| factor.is_of(series.store, product, &categories)).collect();
    Ok(Some(ProductForecast { run, series, history, past, accuracy, signal, smoothed_signal, days, factors }))
}

/// Returns the units of the weeks from one on and before another, and the days on which one of
/// these levels had stock.
async fn load_history_weeks(
    scope: &TenantScope,
    levels: &[(ProductId, StoreId)],
    (since, until): (i32, i32),
    units: &BTreeMap<i32, i64>,
) -> Result<Vec<WeekUnits>, Fault> {
    let spans = spans_within(scope, levels, (since, until - 1)).await?;
    let weeks = usize::try_from((until - since) / 7).unwrap_or_default();
    let level_spans = levels.iter().map(|level| spans.get(level).map(Vec::as_slice).unwrap_or_default());
    let days = days_in_stock(level_spans, since, weeks);
    let week = |(week, in_stock_days)| WeekUnits { week, units: units.get(&week).copied().unwrap_or(0), in_stock_days };
    Ok((since..until).step_by(7).zip(days).map(week).collect())
}

fn day_errors(run: &StoredRun) -> Result<StoredDayErrors, Fault> {
    StoredDayErrors::parse_choices(&run.choices).ok_or_else(|| Fault::corrupt("forecast_run", "its choices are those of a run"))
}

/// The days of all stores together.
fn days_of_stores(stores: &[StoredForecast]) -> Vec<[f64; 7]> {
    let mut sums: Vec<[f64; 7]> = Vec::new();
    for series in stores {
        for (week, days) in series.body.days().enumerate() {
            match sums.get_mut(week) {
                Some(sum) => sum.iter_mut().zip(days).for_each(|(sum, units)| *sum += units),
                None => sums.push(days),
            }
        }
    }
    sums
}

/// Returns the newest forecast of a category (nil: all products) in a store (nil: all); `None` if
/// nothing of it was ever ordered. The caller checks that the permit covers the store.
pub async fn sum_forecast(permit: &Permit<kind::ReportRead>, db: &Database, key: SumKey) -> Result<Option<SumForecast>, Fault> {
    let scope = permit.scope(db);
    let Some(run) = rows::last_run(&scope).await? else { return Ok(None) };
    let Some(sum) = rows::sum(&scope, run.first_week, key).await? else { return Ok(None) };
    let days = sum.day_points(&day_errors(&run)?);
    Ok(Some(SumForecast { run, key, sum, days }))
}

fn past_weeks(stored: &[StoredForecast], lead: i32, (since, until): (i32, i32), units: &BTreeMap<i32, i64>) -> Vec<PastWeek> {
    let past_week = |series: &StoredForecast| {
        let week = series.first_week + 7 * (lead - 1);
        let point = series.body.point_ahead(usize::try_from(lead).ok()?)?;
        let units = units.get(&week).copied().unwrap_or(0);
        let (naive, step) = (series.body.naive, series.body.step);
        let scored_week =
            PastWeek { week, forecast: point.mean, bounds: point.bounds, naive, step, is_scored: series.is_scored(), units };
        (week >= since && week < until).then_some(scored_week)
    };
    stored.iter().filter_map(past_week).collect()
}

/// Returns units minus forecasts of the judged weeks from a Monday on.
fn errors_since(weeks: &[PastWeek], since: i32, series: &StoredForecast) -> Vec<f64> {
    let informative = weeks.iter().filter(|week| week.week >= since && is_informative(week, series));
    informative.map(|week| week.units as f64 - week.forecast).collect()
}

/// Whether a week that came true tells anything of its forecast: one without stock, or with stock on a part of its days, does not.
fn is_informative(past: &PastWeek, series: &StoredForecast) -> bool {
    past.is_scored && !series.body.excluded.iter().any(|one| one.week == past.week && one.reason.lacks_stock())
}

/// Returns the accuracy of forecasts of one product.
fn tally<'a>(weeks: impl Iterator<Item = &'a PastWeek>, series: &StoredForecast) -> Tally {
    let mut tally = Tally::default();
    for week in weeks.filter(|week| is_informative(week, series)) {
        let PastWeek { forecast, bounds, naive, step, units, .. } = *week;
        tally.add(&Outcome { forecast, naive, bounds, step, units: units.max(0) });
    }
    tally
}

/// Returns the accuracy of the last weeks' forecasts: of all products, then by class. Empty before
/// the first week was scored.
pub async fn accuracy(
    permit: &Permit<kind::ReportRead>,
    db: &Database,
    (weeks, lead): (i32, i32),
    level: ForecastLevel,
) -> Result<Vec<ClassAccuracy>, Fault> {
    let scope = permit.scope(db);
    let Some(run) = rows::last_run(&scope).await? else { return Ok(Vec::new()) };
    // The two weeks before the run are not settled yet.
    let until = run.first_week - 7;
    let since = until - 7 * weeks;
    let mut classes = rows::accuracy(&scope, (since, until), lead, level).await?;
    let scaled = parse_scaled_errors(&rows::choices(&scope, since).await?)?;
    for (class, tally) in &mut classes {
        let is_selected = |one: &StoredScaled| one.lead == lead && one.level == level && (since..until).contains(&one.week);
        for (_, one) in scaled.iter().filter(|(scored_class, one)| *scored_class == *class && is_selected(one)) {
            tally.scaled_milli = tally.scaled_milli.saturating_add(one.error);
            tally.step_milli = tally.step_milli.saturating_add(one.step);
            let [bounded, days80, days95] = one.days.unwrap_or_default();
            tally.bounded_days += bounded;
            tally.days80 += days80;
            tally.days95 += days95;
        }
    }
    let mut total_tally = Tally::default();
    classes.iter().for_each(|(_, tally)| total_tally.join(tally));
    if classes.is_empty() {
        return Ok(Vec::new());
    }
    let total = ClassAccuracy { class: None, tally: total_tally };
    let by_class = classes.into_iter().map(|(class, tally)| ClassAccuracy { class: Some(class), tally });
    Ok(std::iter::once(total).chain(by_class).collect())
}

/// Errors of classes in the weeks that runs scored, with the steps that they are scaled by.
fn parse_scaled_errors(choices: &[String]) -> Result<Vec<(DemandClass, StoredScaled)>, Fault> {
    let mut scaled_errors = Vec::new();
    for stored in choices {
        let stored: Vec<StoredChoice> =
            serde_json::from_str(stored).map_err(|_| Fault::corrupt("forecast_run", "its choices are those of a run"))?;
        for choice in stored {
            let Some(class) = choice.class else { continue };
            scaled_errors.extend(choice.scaled.into_iter().map(|one| (class, one)));
        }
    }
    Ok(scaled_errors)
}
