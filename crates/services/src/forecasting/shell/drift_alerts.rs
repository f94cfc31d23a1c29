//! Alerts of products whose forecasts in a store have repeated errors, or whose intervals do not
//! hold.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use inventory::stock::core::LevelKey;
use platform::storage::{Database, Fault, TenantScope};

use crate::{
    alerts::{Alerts, StandingCondition},
    forecasting::{
        core::{JudgedWeek, LevelDrift, PreviousAlert, REVIEWED_WEEKS, coverage_drift, error_drift},
        rows::{self, StoredForecast},
    },
};

type ByLevel = BTreeMap<LevelKey, Vec<JudgedWeek>>;
type Rule = fn(&[JudgedWeek], i32, PreviousAlert) -> Option<LevelDrift>;

/// Kinds of alerts, each with its rule.
const RULES: [(AlertKind, Rule); 2] = [(AlertKind::ForecastDrift, error_drift), (AlertKind::ForecastCoverage, coverage_drift)];

/// Checks the newest run of all tenants, once. A tenant that fails is logged, skipped, and checked
/// again by the next call.
pub async fn watch_all(db: &Database, alerts: &Alerts) -> Result<(), Fault> {
    for tenant in rows::tenants_with_facts(&db.global()).await? {
        match Box::pin(watch(db, alerts, tenant)).await {
            Ok(0) => {}
            Ok(opened) => tracing::info!(tenant = %tenant, opened, "alerts of forecasts were opened"),
            Err(fault) => tracing::warn!(tenant = %tenant, error = %fault, "forecasts could not be checked for alerts"),
        }
    }
    Ok(())
}

/// Opens and closes the alerts of a tenant by its newest run, for ACTIVE products in stores that
/// are not archived; returns the number of opened alerts. A run that was checked before is skipped.
pub async fn watch(db: &Database, alerts: &Alerts, tenant: TenantId) -> Result<usize, Fault> {
    let scope = db.tenant(tenant).long();
    let Some(first_week) = rows::unreviewed_run(&scope).await? else { return Ok(0) };
    // The week before the run is not settled yet.
    let until = first_week - 7;
    let since = until - 7 * REVIEWED_WEEKS;
    let stores = rows::open_stores(&scope).await?;
    let mut levels = judged_weeks(&scope, first_week, (since, until)).await?;
    let mut ids: Vec<ProductId> = levels.keys().map(|level| level.product).collect();
    ids.dedup();
    let products = rows::active_products(&scope, &ids).await?;
    let is_watched = |level: &LevelKey| products.contains_key(&level.product) && stores.contains(&level.store);
    levels.retain(|level, _| is_watched(level));
    let mut opened_count = 0;
    for (kind, rule) in RULES {
        let open_levels = alerts.active_levels(tenant, kind).await?;
        let condition_of = |(level, weeks): (&LevelKey, &Vec<JudgedWeek>)| {
            let before = if open_levels.contains(level) { PreviousAlert::Open } else { PreviousAlert::None };
            let drift = rule(weeks, since, before)?;
            Some(StandingCondition {
                level: *level,
                category: products.get(&level.product).copied().flatten(),
                quantity: drift.figure,
                threshold: Some(drift.line),
                day: drift.since,
            })
        };
        let conditions: Vec<StandingCondition> = levels.iter().filter_map(condition_of).collect();
        opened_count += alerts.reconcile_conditions(tenant, kind, &conditions).await?;
    }
    let work = scope.begin().await?;
    rows::mark_reviewed(&work, first_week, alerts.clock().now()).await?;
    work.commit().await?;
    Ok(opened_count)
}

/// Returns the weeks with stock on most of their days, from one on and before another, of the
/// levels of the newest run: each with the forecast of the run that began with it.
async fn judged_weeks(scope: &TenantScope, first_week: i32, (since, until): (i32, i32)) -> Result<ByLevel, Fault> {
    let mut levels = ByLevel::new();
    let mut unknown: BTreeSet<(LevelKey, i32)> = BTreeSet::new();
    for part in rows::parts_of_run(scope, first_week).await? {
        for series in rows::series_of_products(scope, first_week, &part).await? {
            let level = LevelKey { product: series.product, store: series.store };
            let without_stock = series.body.excluded.iter().filter(|one| one.reason.lacks_stock());
            unknown.extend(without_stock.map(|one| (level, one.week)));
            levels.insert(level, Vec::new());
        }
    }
    let units = rows::store_units(scope, (since, until)).await?;
    for week in rows::run_weeks(scope, since).await?.into_iter().filter(|week| *week < until) {
        for part in rows::parts_of_run(scope, week).await? {
            let stored = rows::series_of_products(scope, week, &part).await?;
            for series in stored.into_iter().filter(StoredForecast::is_scored) {
                let level = LevelKey { product: series.product, store: series.store };
                let (Some(weeks), Some(point)) = (levels.get_mut(&level), series.body.point_ahead(1)) else { continue };
                if unknown.contains(&(level, week)) {
                    continue;
                }
                weeks.push(JudgedWeek {
                    week,
                    forecast: point.mean,
                    bounds80: point.bounds.map(|[lower, upper, ..]| (lower, upper)),
                    units: units.get(&(week, series.product, series.store)).copied().unwrap_or(0) as f64,
                });
            }
        }
    }
    Ok(levels)
}
