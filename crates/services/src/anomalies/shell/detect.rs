//! Judges the closed days of stores, looks for patterns, and writes the anomalies.

use std::collections::BTreeMap;

use entity::prelude::*;
use forecast::anomaly::{DISMISSED_DAYS, MIN_LINE_UNITS};
use iam::tenancy::{self, Settings};
use inventory::catalog::core::anomaly_limits::AnomalyLimits;
use platform::{
    clock::{Clock, local_day},
    storage::{Database, Fault, TenantScope, journal},
};

use super::patterns::find_patterns;
use crate::{
    anomalies::{
        core::{Anomaly, PatternRules, Series, WINDOW_DAYS, candidate_size, is_pattern, judge, reconcile, reconcile_patterns},
        events::{ANOMALY_FLAGGED, AnomalyEvent},
        rows,
    },
    demand::shell::catch_up,
    forecasting::rows::tenants_with_facts,
};

/// Counts of one tenant's detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DetectionCounts {
    /// Stores whose days were judged.
    pub stores: usize,
    pub new: usize,
    pub changed: usize,
    pub gone: usize,
}

/// Limits of a store, else of its tenant, else the detector's defaults.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Minimum of a day's largest line, in whole units.
    size: f64,
    rules: PatternRules,
}

impl Limits {
    fn of(store: &AnomalyLimits, settings: &Settings) -> Self {
        let (defaults, tenant) = (PatternRules::default(), settings.patterns);
        let days = |days: Option<i64>, defaults: i32| days.and_then(|days| i32::try_from(days).ok()).unwrap_or(defaults);
        let short_counts = store.short_counts.or(tenant.short_counts).and_then(|counts| usize::try_from(counts).ok());
        let rules = PatternRules {
            loss_units: store.loss_units.or(tenant.loss_units).map_or(defaults.loss_units, |units| units as f64),
            loss_amount: store.loss_amount.or(tenant.loss_amount).unwrap_or(defaults.loss_amount),
            reversals: store.reversals.or(tenant.reversals).unwrap_or(defaults.reversals),
            short_counts: short_counts.unwrap_or(defaults.short_counts),
            duplicate_minutes: store.duplicate_minutes.or(tenant.duplicate_minutes).unwrap_or(defaults.duplicate_minutes),
            unmoved_days: days(store.unmoved_days.or(tenant.unmoved_days), defaults.unmoved_days),
            receipt_days: days(store.duplicate_receipt_days.or(settings.duplicate_receipt_days), defaults.receipt_days),
        };
        Self { size: store.size.or(settings.anomaly_size).map_or(MIN_LINE_UNITS, |size| size as f64), rules }
    }
}

/// Judges the closed days of all tenants. A tenant that fails is logged and skipped.
pub async fn detect_all(db: &Database, clock: &Clock) -> Result<(), Fault> {
    for tenant in tenants_with_facts(&db.global()).await? {
        match detect(db, clock, tenant).await {
            Ok(Some(counts)) => {
                tracing::info!(tenant = %tenant, stores = counts.stores, new = counts.new, "days of stock were evaluated for anomalies");
            }
            Ok(None) => {}
            Err(fault) => tracing::warn!(tenant = %tenant, error = %fault, "days of stock could not be evaluated for anomalies"),
        }
    }
    Ok(())
}

/// Judges the last closed days of each store that has a newly closed day. Returns `None` if no
/// store has one: a day is closed once.
pub async fn detect(db: &Database, clock: &Clock, tenant: TenantId) -> Result<Option<DetectionCounts>, Fault> {
    let scope = db.tenant(tenant).long();
    let now = clock.now();
    // Stores with the same limits are judged together.
    let mut stores_by_day: BTreeMap<(i32, AnomalyLimits), Vec<StoreId>> = BTreeMap::new();
    for store in rows::stores(&scope).await? {
        let last_day = local_day(now, &store.time_zone) - 1;
        // A judged day further ahead than the time zones and clocks of nodes can differ comes from
        // a wrong clock: it must not block later days.
        if store.judged.is_none_or(|judged_day| judged_day < last_day || judged_day > last_day + 1) {
            let store_limits = AnomalyLimits::read(&store.anomaly_limits).unwrap_or_default();
            stores_by_day.entry((last_day, store_limits)).or_default().push(store.id);
        }
    }
    if stores_by_day.is_empty() {
        return Ok(None);
    }
    catch_up(db, tenant, usize::MAX).await?;
    let settings = tenancy::settings(&scope).await?;
    let mut detected = DetectionCounts::default();
    for ((last_day, store_limits), stores) in stores_by_day {
        let counts = judge_stores(&scope, &stores, last_day, Limits::of(&store_limits, &settings), clock).await?;
        detected.stores += stores.len();
        detected.new += counts.new;
        detected.changed += counts.changed;
        detected.gone += counts.gone;
    }
    Ok(Some(detected))
}

/// Judges the window that ends with a day. Facts are read before the transaction, which locks the
/// anomalies against acceptance while it compares them.
async fn judge_stores(
    scope: &TenantScope,
    stores: &[StoreId],
    last_day: i32,
    limits: Limits,
    clock: &Clock,
) -> Result<DetectionCounts, Fault> {
    let Limits { size, rules } = limits;
    let from = last_day - WINDOW_DAYS + 1;
    let mut all_series: Vec<Series> = Vec::new();
    for candidate in rows::candidates(scope, stores, (from, last_day), candidate_size(size)).await? {
        all_series.push(rows::series(scope, candidate, last_day).await?);
    }
    let patterns = find_patterns(scope, stores, last_day, &rules).await?;
    let now = clock.now();
    let since = now.plus_seconds(-86_400 * i64::from(i32::from(DISMISSED_DAYS) + WINDOW_DAYS + 1));
    let mut work = scope.begin().await?;
    let pattern_changes = reconcile_patterns(rows::standing_patterns(&work, stores, since).await?, patterns, from, now);
    let mut existing = rows::open_or_accepted(&work, stores, (from, last_day), since).await?;
    existing.retain(|anomaly| !is_pattern(anomaly.found.key.kind));
    let found: Vec<_> = all_series.iter().flat_map(|series| judge(series, from, size, &existing)).collect();
    let window_anomalies = existing.into_iter().filter(|anomaly| (from..=last_day).contains(&anomaly.found.date)).collect();
    let mut changes = reconcile(window_anomalies, found, now);
    changes.extend(pattern_changes);
    let new_findings = std::mem::take(&mut changes.new);
    let detected =
        DetectionCounts { stores: 0, new: new_findings.len(), changed: changes.changed.len(), gone: changes.gone.len() };
    let new_anomalies =
        new_findings.into_iter().map(|found| Anomaly { id: clock.id(), found, detected_at: now, acceptance: None });
    let new_anomalies: Vec<Anomaly> = new_anomalies.collect();
    let events = new_anomalies.iter().map(|anomaly| ANOMALY_FLAGGED.event(&AnomalyEvent::of(anomaly))).collect();
    rows::insert(&work, new_anomalies).await?;
    rows::write_changes(&work, changes).await?;
    for store in stores {
        rows::store_last_judged_day(&work, *store, last_day, now).await?;
    }
    journal::append_other(&mut work, events, now).await?;
    work.commit().await?;
    Ok(detected)
}
