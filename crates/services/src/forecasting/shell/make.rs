//! A run: reads facts, makes forecasts, and writes them in one transaction.

use std::{collections::BTreeMap, num::NonZeroUsize};

use entity::{
    prelude::*,
    tables::{forecast_pool, forecast_run, forecast_series, forecast_sum},
};
use forecast::{
    Panel, Run, SeriesForecast, Settings,
    engine::{MethodPools, SumErrors, sum_errors},
    factors::{apply, evaluate_factors},
    forecast_all,
    panel::LastClass,
    selection::Incumbent,
    weekdays::ByDay,
};
use inventory::catalog::rows::small_tables::tenant_zone;
use platform::{
    blocking,
    clock::{Clock, local_day},
    storage::{
        Database, Fault, TenantScope, Work,
        journal::{self, NewEvent},
    },
};

use super::score::{last_scorable_week, scaled_errors_by_class, score_weeks};
use crate::{
    demand::{core::week_of, shell::catch_up},
    forecasting::{
        core::{
            DRIFT_WEEKS, DayHistory, Drift, FactorSeries, HISTORY_WEEKS, History, Level, SeriesHistory, StoredClasses,
            StoredCorrection, StoredDayErrors, StoredFactor, StoredSeries, StoredShape, StoredSum, SumKey, Sums, Tally, Turnover,
            choices_of, class_of, classify, corrections_of, factors_of, incumbent_of, series_of, status_of, stored_factors,
        },
        events::{DriftEvent, FORECAST_COMPLETED, FORECAST_DRIFTED, RunEvent},
        rows::{self, PlannedProduct, ScoreKey, StoredRun},
    },
};

/// Weeks ahead of a forecast.
const HORIZON: usize = 26;
/// Maximum threads of a run, so that others serve requests.
const MAX_THREADS: usize = 2;
/// Retention of a run, in weeks.
const RUN_RETENTION_WEEKS: i32 = 104;
/// Maximum stored errors of sums of a pool: a quantile moves by at most a thousandth.
const MAX_STORED_SCORES: usize = 1_001;
/// Series of one write: the texts of all take more memory than the run that they come from.
const SERIES_PER_WRITE: usize = 2_048;

/// Result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForecastRunResult {
    /// The Monday of the first forecast week.
    pub first_week: i32,
    /// Weeks of history.
    pub weeks: usize,
    /// Number of forecasts, including those of all stores together.
    pub series: usize,
}

/// Makes this week's runs of all tenants that have none. A tenant whose run fails is logged and
/// skipped.
pub async fn make_all(db: &Database, clock: &Clock) -> Result<(), Fault> {
    for tenant in rows::tenants_with_facts(&db.global()).await? {
        match make_run(db, clock, tenant).await {
            Ok(Some(result)) => {
                tracing::info!(tenant = %tenant, series = result.series, weeks = result.weeks, "forecasts were made");
            }
            Ok(None) => {}
            Err(fault) => tracing::warn!(tenant = %tenant, error = %fault, "forecasts could not be made"),
        }
    }
    Ok(())
}

/// Whether the run of a week is made: it is not if a run of an earlier week is newer, by a clock
/// that was ahead. `runs` has the last event that each includes.
fn run_exists(runs: &[(i32, i64)], first_week: i32) -> bool {
    let own_run = runs.iter().find(|(week, _)| *week == first_week);
    own_run.is_some_and(|(_, seq)| runs.iter().all(|(week, other_seq)| *week >= first_week || other_seq <= seq))
}

/// Makes the tenant's run of this week, and scores past weeks. `None` if the run exists already, or
/// no week with demand is over. Runs of later weeks, by a clock that was ahead, do not prevent
/// this; such a run is made again once its week has come.
pub async fn make_run(db: &Database, clock: &Clock, tenant: TenantId) -> Result<Option<ForecastRunResult>, Fault> {
    let scope = db.tenant(tenant).long();
    let now = clock.now();
    let first_week = week_of(local_day(now, &tenant_zone(&scope).await?));
    let runs = rows::runs_until(&scope, first_week).await?;
    if run_exists(&runs, first_week) {
        return Ok(None);
    }
    let last = rows::run_before(&scope, first_week).await?;
    let seq = catch_up(db, tenant, usize::MAX).await?.seq;
    let mut facts = rows::level_facts(&scope, first_week - 7 * HISTORY_WEEKS, first_week).await?;
    let mut classes = match &last {
        Some(run) => rows::classes(&scope, run.first_week, &products_of(facts.keys().map(|(product, _)| *product))).await?,
        None => BTreeMap::new(),
    };
    for (level, facts) in &mut facts {
        facts.last = classes.remove(level);
    }
    let class_by_product = classes
        .into_iter()
        .filter(|((_, store), _)| *store == StoreId::NIL)
        .map(|((product, _), last)| (product, last))
        .collect();
    let last_run =
        LastRun { product_classes: class_by_product, incumbent: last.as_ref().and_then(|run| incumbent_of(&run.choices)) };
    let stores = History::of(&facts, first_week);
    if stores.weeks == 0 || stores.series.is_empty() {
        return Ok(None);
    }
    drop(facts);
    let basis = Box::pin(RunInputs::of(&scope, &stores, first_week, last.as_ref())).await?;
    // The computation takes seconds with many products.
    let computed = blocking::run("the forecasts", move || ComputedRuns::of(stores, basis, last_run)).await?;
    let computed = computed.ok_or_else(|| Fault::Broken("the history does not fit the forecast".to_owned()))?;
    let scores = score_weeks(&scope, [&computed.stores, &computed.products], first_week).await?;
    let class_errors = scaled_errors_by_class(&scores);
    let result = ForecastRunResult { first_week, weeks: computed.stores.weeks, series: computed.count() };
    let mut work = scope.begin().await?;
    if runs.iter().any(|(week, _)| *week == first_week) {
        rows::remove_run(&work, first_week).await?;
    }
    rows::insert_run(
        &work,
        forecast_run::Model {
            tenant_id: tenant,
            first_week,
            made_at: now,
            seq,
            weeks: result.weeks as i32,
            series: result.series as i64,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            choices: choices_of(&computed.store_run, &class_errors, &computed.corrections, &computed.day_errors),
            fingerprint: format!("{:016x}", computed.store_run.fingerprint()),
            factors: serde_json::to_string(&computed.factors).map_err(|err| Fault::Broken(err.to_string()))?,
            watched_at: None,
        },
    )
    .await?;
    rows::insert_pools(&work, computed.pools(tenant, first_week)).await?;
    Box::pin(computed.write(&work, (tenant, first_week))).await?;
    let last_scored = last_scored_week(&scores);
    rows::insert_scores(&work, scores, last_scorable_week(first_week)).await?;
    rows::remove_runs_before(&work, first_week - 7 * RUN_RETENTION_WEEKS).await?;
    let mut events = vec![FORECAST_COMPLETED.event(&RunEvent { first_week, series: result.series as i64 })];
    events.extend(drift_events(&work, last_scored).await?);
    journal::append_other(&mut work, events, now).await?;
    work.commit().await?;
    Ok(Some(result))
}

/// Returns each product once; the series are ordered by product.
fn products_of(series: impl Iterator<Item = ProductId>) -> Vec<ProductId> {
    let mut products: Vec<ProductId> = series.collect();
    products.dedup();
    products
}

/// Returns the last week whose forecasts of stores, one week ahead, this run scores.
fn last_scored_week(scores: &BTreeMap<ScoreKey, Tally>) -> Option<i32> {
    let store_keys = scores.keys().filter(|key| key.lead == 1 && key.level == ForecastLevel::Store);
    store_keys.map(|key| key.week).max()
}

/// Returns events of the classes whose intervals did not hold in the weeks up to `last`. Empty if
/// no week was scored.
async fn drift_events(work: &Work, last: Option<i32>) -> Result<Vec<NewEvent>, Fault> {
    let Some(last) = last else { return Ok(Vec::new()) };
    let weeks = (last - 7 * (DRIFT_WEEKS - 1), last + 7);
    let tallies = rows::accuracy(work, weeks, 1, ForecastLevel::Store).await?;
    let drift_event =
        |(class, tally): (DemandClass, Tally)| Some(FORECAST_DRIFTED.event(&DriftEvent::of(class, Drift::of(&tally)?)));
    Ok(tallies.into_iter().filter_map(drift_event).collect())
}

/// Input of a run other than the weeks of its series.
struct RunInputs {
    /// The share of each weekday, by series.
    profiles: Vec<ByDay<f64>>,
    /// The shape of its weeks, by series.
    shapes: Vec<Option<StoredShape>>,
    /// The days of the last weeks, and the share of each weekday at the origins of their errors.
    days: DayHistory,
    shares: Vec<Vec<ByDay<f64>>>,
    sums: Sums,
    factors: Vec<FactorSeries>,
    /// The category of each product and all above it, if a factor needs them.
    categories: BTreeMap<ProductId, Vec<CategoryId>>,
    /// Country of each store whose address has one.
    countries: BTreeMap<StoreId, String>,
    /// ABC and XYZ classes of the products that plans include.
    classes: BTreeMap<Level, StoredClasses>,
}

impl RunInputs {
    async fn of(scope: &TenantScope, stores: &History, first_week: i32, last: Option<&StoredRun>) -> Result<Self, Fault> {
        let open = rows::open_weekdays(scope, stores.first_week, first_week).await?;
        let products = products_of(stores.series.iter().map(|series| series.product));
        let categories = rows::categories(scope, &products).await?;
        let (factors, countries) = (rows::factors(scope).await?, rows::countries(scope).await?);
        let last_classes = match last {
            Some(run) => rows::classes_of_run(scope, run.first_week).await?,
            None => BTreeMap::new(),
        };
        let classes = classify_products(stores, &rows::planned_products(scope, &products).await?, &last_classes);
        let sums = Sums::of(stores, &categories);
        let mut days = DayHistory::of(stores, &sums);
        // One week at a time: the days of all products of a store are many.
        for week in (days.since(stores)..first_week).step_by(7) {
            rows::week_days(scope, week).await?.iter().for_each(|actual_days| days.add(stores, week, actual_days));
        }
        let shapes = days.shapes(stores);
        let mut shares = days.shares(stores, &open);
        let profiles = shares.pop().unwrap_or_default();
        let has_categories = factors.iter().any(|factor| factor.goods.category().is_some());
        let categories = if has_categories { categories } else { BTreeMap::new() };
        Ok(Self { profiles, shapes, days, shares, sums, factors, categories, countries, classes })
    }

    /// Evaluates the factors, and applies those that reduced the error to the run. Returns at once
    /// if there are none.
    fn apply(&self, run: &mut Run, panel: &Panel, stores: &History, threads: usize) -> Vec<StoredFactor> {
        let factors = factors_of(&self.factors, stores, &self.countries, &self.categories, HORIZON);
        let results = evaluate_factors(panel, run, &factors, threads);
        apply(run, panel, &factors, &results);
        let first_week = stores.first_week + 7 * stores.weeks as i32;
        stored_factors(&self.factors, &results, &self.countries, (first_week, HORIZON))
    }
}

/// Results of the last run that this one uses.
struct LastRun {
    product_classes: BTreeMap<ProductId, LastClass>,
    incumbent: Option<Incumbent>,
}

/// Runs by store and by product, with their histories.
struct ComputedRuns {
    stores: History,
    store_run: Run,
    products: History,
    product_run: Run,
    basis: RunInputs,
    errors: SumErrors,
    day_errors: StoredDayErrors,
    factors: Vec<StoredFactor>,
    corrections: Vec<StoredCorrection>,
}

impl ComputedRuns {
    /// Returns `None` for a history that the engine refuses.
    fn of(stores: History, basis: RunInputs, last: LastRun) -> Option<Self> {
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_THREADS);
        let settings = Settings { horizon: HORIZON, threads, incumbent: last.incumbent };
        let products = stores.by_product(&last.product_classes);
        let panel = stores.panel()?;
        let mut store_run = forecast_all(&panel, &settings);
        let product_run = forecast_all(&products.panel()?, &settings);
        let (members, count) = basis.sums.members();
        let errors = sum_errors(&panel, &store_run, members, count, threads);
        let day_errors = basis.days.errors(&panel, &store_run, &basis.shares, threads);
        let factors = basis.apply(&mut store_run, &panel, &stores, threads);
        let corrections = corrections_of(&stores, &basis.classes);
        Some(Self { stores, store_run, products, product_run, basis, errors, day_errors, factors, corrections })
    }

    /// Returns the errors of sums over weeks, of each method of the stores' series.
    fn pools(&self, tenant: TenantId, first_week: i32) -> Vec<forecast_pool::Model> {
        let row = |(nth, pools): (usize, &MethodPools)| forecast_pool::Model {
            tenant_id: tenant,
            first_week,
            method: nth as i32,
            body: serde_json::to_string(&pools.sums.sample_order_statistics(MAX_STORED_SCORES)).unwrap_or_default(),
        };
        self.store_run.pools.iter().enumerate().map(row).collect()
    }

    /// Returns the number of forecasts, including those of all stores together.
    fn count(&self) -> usize {
        self.stores.series.len() + self.products.series.len()
    }

    /// Writes each store's series, and each product's, whose mean is the sum of its stores'; and the sums of categories and stores.
    async fn write(&self, work: &Work, key: (TenantId, i32)) -> Result<(), Fault> {
        let mut batch = Vec::with_capacity(self.count().min(SERIES_PER_WRITE));
        let mut means_by_product: BTreeMap<ProductId, Vec<f64>> = BTreeMap::new();
        let mut sums = self.basis.sums.clone();
        for (nth, series) in self.stores.series.iter().enumerate() {
            let mut body = series_of(&self.store_run, nth, self.stores.first_week, None);
            body.profile = self.basis.profiles.get(nth).copied();
            body.shape = self.basis.shapes.get(nth).cloned().flatten();
            body.classes = series.store.and_then(|store| self.basis.classes.get(&(store, series.product)).copied());
            sums.add(nth, &body);
            let sum = means_by_product.entry(series.product).or_default();
            for (week, point) in body.points().enumerate() {
                match sum.get_mut(week) {
                    Some(sum) => *sum += point.mean,
                    None => sum.push(point.mean),
                }
            }
            batch.push(series_row(key, series, &self.store_run.series[nth], &body));
            if batch.len() == SERIES_PER_WRITE {
                rows::insert_series(work, std::mem::take(&mut batch)).await?;
            }
        }
        for (nth, series) in self.products.series.iter().enumerate() {
            let means = means_by_product.get(&series.product).map(Vec::as_slice);
            let body = series_of(&self.product_run, nth, self.products.first_week, means);
            batch.push(series_row(key, series, &self.product_run.series[nth], &body));
            if batch.len() == SERIES_PER_WRITE {
                rows::insert_series(work, std::mem::take(&mut batch)).await?;
            }
        }
        rows::insert_series(work, batch).await?;
        rows::insert_sums(work, sums.to_stored(&self.errors).into_iter().map(|sum| sum_row(key, sum)).collect()).await
    }
}

fn series_row(
    (tenant_id, first_week): (TenantId, i32),
    series: &SeriesHistory,
    forecast: &SeriesForecast,
    body: &StoredSeries,
) -> forecast_series::Model {
    forecast_series::Model {
        tenant_id,
        first_week,
        product_id: series.product,
        store_id: series.store.unwrap_or(StoreId::NIL),
        class: class_of(forecast.class),
        computed_class: class_of(forecast.computed_class),
        status: status_of(forecast.status),
        body: serde_json::to_string(body).unwrap_or_default(),
    }
}

fn sum_row((tenant_id, first_week): (TenantId, i32), ((category_id, store_id), sum): (SumKey, StoredSum)) -> forecast_sum::Model {
    let body = serde_json::to_string(&sum).unwrap_or_default();
    forecast_sum::Model { tenant_id, first_week, category_id, store_id, body }
}

/// Classifies the products that plans include, by the last year at current prices.
fn classify_products(
    stores: &History,
    planned: &BTreeMap<ProductId, PlannedProduct>,
    last: &BTreeMap<Level, StoredClasses>,
) -> BTreeMap<Level, StoredClasses> {
    let turnover = |series: &SeriesHistory| {
        let planned_product = planned.get(&series.product)?;
        let turnover = Turnover::of(series).at(planned_product.price_minor.unwrap_or(0), planned_product.unit_decimals);
        Some(((series.store?, series.product), turnover))
    };
    let skus = planned.iter().map(|(product, planned_product)| (*product, planned_product.sku.as_str())).collect();
    classify(&stores.series.iter().filter_map(turnover).collect(), &skus, last)
}
