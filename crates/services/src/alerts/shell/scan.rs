//! Alerts of kinds that a date opens, the end of snoozes, and the removal of alerts that were
//! resolved long ago.

use std::collections::BTreeMap;

use entity::prelude::*;
use platform::{
    clock,
    storage::{Fault, TenantScope, journal},
};

use super::{
    follow::MAX_STEPS,
    history::{DatedStep, load_rules},
    schedules::schedule_steps,
    service::Alerts,
};
use crate::alerts::events::{ALERT_WOKEN, AlertEvent};
use crate::alerts::{
    core::{AlertScope, AlertValues, DatedKind, Opening, Rules, Step, Trigger},
    rows::{self, DatedSubject},
};

/// Maximum alerts that one run wakes; the next run continues.
const MAX_WAKING: i64 = 1_000;
/// Retention of resolved alerts.
const RETENTION_SECONDS: i64 = 400 * 24 * 3600;
/// Maximum rows that one transaction removes.
const MAX_DELETED_ROWS: i64 = 1_000;

fn opening_step(kind: AlertKind, dated: &DatedSubject) -> Step {
    let values = AlertValues { quantity: Some(dated.quantity), day: Some(dated.day), ..AlertValues::default() };
    Step::Open(Opening { kind, subject: dated.subject, figures: values, category: dated.category, trigger: Trigger::Standing })
}

impl Alerts {
    /// Checks the dated conditions and the failing schedules of every tenant; returns the number of
    /// opened alerts. Idempotent.
    pub async fn scan_all(&self) -> Result<usize, Fault> {
        let now = self.0.clock.now();
        let (mut opened_count, mut last_fault) = (0, None);
        for tenant in rows::tenants_with_dates(&self.0.db.global(), now).await? {
            match self.scan(tenant, now).await {
                Ok(count) => opened_count += count,
                Err(fault) => {
                    tracing::warn!(%tenant, %fault, "the dates and schedules of a tenant could not be checked for alerts");
                    last_fault = Some(fault);
                }
            }
        }
        last_fault.map_or(Ok(opened_count), Err)
    }

    async fn scan(&self, tenant: TenantId, now: Timestamp) -> Result<usize, Fault> {
        let scope = self.0.db.tenant(tenant);
        let rules = load_rules(&scope).await?;
        let mut steps = ended_condition_steps(&scope, &rules, now).await?;
        steps.extend(schedule_steps(&scope, &rules, now).await?);
        let mut opened_count = 0;
        for (dated_kind, kind) in DatedKind::all() {
            let days = rules.max_days(kind, dated_kind.default_days());
            let mut last: Option<DatedSubject> = None;
            loop {
                let (page, is_last) = rows::page_of_dated(&scope, dated_kind, now, days, last.as_ref()).await?;
                let due_items = page.iter().filter(|dated| is_due(&rules, (dated_kind, kind), dated, now));
                steps.extend(due_items.map(|dated| (opening_step(kind, dated), now, None)));
                last = page.into_iter().next_back();
                if steps.len() >= MAX_STEPS {
                    opened_count += self.write(tenant, &rules, None, &std::mem::take(&mut steps)).await?.unwrap_or_default();
                }
                if is_last {
                    break;
                }
            }
        }
        if !steps.is_empty() {
            opened_count += self.write(tenant, &rules, None, &steps).await?.unwrap_or_default();
        }
        Ok(opened_count)
    }

    /// Wakes the alerts whose snooze has ended; returns the number.
    pub async fn wake_all(&self) -> Result<usize, Fault> {
        let now = self.0.clock.now();
        let mut by_tenant: BTreeMap<TenantId, Vec<AlertId>> = BTreeMap::new();
        for (tenant, alert) in rows::ended_snoozes(&self.0.db.global(), now, MAX_WAKING).await? {
            by_tenant.entry(tenant).or_default().push(alert);
        }
        let mut woken_count = 0;
        for (tenant, ids) in by_tenant {
            let mut work = self.0.db.global().maintenance_for(tenant).await?;
            let mut awake_alerts = Vec::with_capacity(ids.len());
            for id in ids {
                // The alert may have been snoozed again, or resolved, since it was found.
                let alert = rows::lock(&work, id).await?;
                let is_due = |until: Timestamp| until <= now;
                awake_alerts.extend(
                    alert.filter(|alert| alert.handling.snoozed_until().is_some_and(is_due)).map(|alert| alert.end_snooze(now)),
                );
            }
            rows::change(&work, &awake_alerts).await?;
            journal::append_other(
                &mut work,
                awake_alerts.iter().map(|alert| ALERT_WOKEN.event(&AlertEvent::of(alert))).collect(),
                now,
            )
            .await?;
            self.commit(work, awake_alerts.len()).await?;
            woken_count += awake_alerts.len();
        }
        Ok(woken_count)
    }

    /// Deletes alerts that were resolved more than 400 days ago; returns the number.
    pub async fn delete_old_alerts(&self) -> Result<u64, Fault> {
        let (global, before) = (self.0.db.global(), self.0.clock.now().plus_seconds(-RETENTION_SECONDS));
        let mut removed_count = 0;
        for tenant in rows::tenants_with_old_alerts(&global, before).await? {
            loop {
                let work = global.maintenance_for(tenant).await?;
                let page = rows::delete_resolved(&work, before, MAX_DELETED_ROWS).await?;
                work.commit().await?;
                removed_count += page;
                if page < MAX_DELETED_ROWS as u64 {
                    break;
                }
            }
        }
        Ok(removed_count)
    }
}

/// Whether a dated subject is due, by the local day of its store.
fn is_due(rules: &Rules, (dated_kind, kind): (DatedKind, AlertKind), dated: &DatedSubject, now: Timestamp) -> bool {
    let alert_scope = AlertScope { store: dated.subject.store(), product: dated.subject.product(), category: dated.category };
    let days = rules.setting(kind, alert_scope).days.unwrap_or(dated_kind.default_days());
    dated_kind.is_due(dated.day, days, clock::local_day(now, &dated.time_zone))
}

/// Steps that close alerts whose condition has ended.
async fn ended_condition_steps(scope: &TenantScope, rules: &Rules, now: Timestamp) -> Result<Vec<DatedStep>, Fault> {
    let mut steps = Vec::new();
    for (dated_kind, kind) in DatedKind::all() {
        let alerted_items = rows::alerted_subjects(scope, dated_kind).await?;
        let resolved_items =
            alerted_items.iter().filter(|dated| dated.quantity == 0 || !is_due(rules, (dated_kind, kind), dated, now));
        steps.extend(resolved_items.map(|dated| (Step::Close(kind, dated.subject), now, None)));
    }
    Ok(steps)
}
