//! Scores proposals at night, and appends events with the results of plans.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use inventory::catalog::rows::small_tables::tenant_zone;
use platform::{
    clock::{Clock, local_minute},
    storage::{Database, Fault, TenantScope, journal},
};

use super::nightly::START_MINUTE;
use crate::{
    demand::shell::catch_up,
    forecasting::rows::tenants_with_facts,
    replenishment::{
        events::{REPLENISHMENT_PLAN_SCORED, ScoreEvent},
        rows::{self, LineOutcome, OutcomeSum},
    },
};

/// Maximum chunks of a tenant that one round scores; the next round continues.
const MAX_CHUNKS: usize = 100;

/// Scores the due proposals of all tenants. A tenant that fails is logged and skipped, so that it
/// does not block the others.
pub async fn score_all(db: &Database, clock: &Clock) -> Result<(), Fault> {
    for tenant in tenants_with_facts(&db.global()).await? {
        match Box::pin(score_due(db, clock, tenant)).await {
            Ok(0) => {}
            Ok(lines) => tracing::info!(tenant = %tenant, lines, "proposals of replenishment were scored"),
            Err(fault) => tracing::warn!(tenant = %tenant, error = %fault, "no proposals of replenishment could be scored"),
        }
    }
    Ok(())
}

/// Scores the proposals of a tenant whose lead time has passed, and returns their number. 0 before
/// the previous day's facts are complete.
pub async fn score_due(db: &Database, clock: &Clock, tenant: TenantId) -> Result<usize, Fault> {
    let scope = db.tenant(tenant).long();
    let (today, minute) = local_minute(clock.now(), &tenant_zone(&scope).await?);
    let today = if minute < START_MINUTE { today - 1 } else { today };
    let mut count = 0;
    for round in 0..MAX_CHUNKS {
        let mut scores = rows::due_scores(&scope, today).await?;
        if scores.is_empty() {
            break;
        }
        if round == 0 {
            // Facts are brought up to date first, and the due lines are read again with them.
            catch_up(db, tenant, usize::MAX).await?;
            scores = rows::due_scores(&scope, today).await?;
        }
        store_scores(&scope, clock.now(), &scores).await?;
        count += scores.len();
    }
    Ok(count)
}

/// Writes scores, and appends an event for each plan whose last lines were scored. The journal is
/// locked first: if two rounds score the same lines, only one of them appends the event.
async fn store_scores(scope: &TenantScope, now: Timestamp, scores: &[LineOutcome]) -> Result<(), Fault> {
    let mut work = scope.begin().await?;
    journal::lock(&work).await?;
    let plan_ids: BTreeSet<ReplenishmentPlanId> = scores.iter().map(|scored| scored.plan).collect();
    let mut finished_plans = rows::find_unscored_plans(&work, &plan_ids).await?;
    rows::write_scores(&work, scores).await?;
    for open in rows::find_unscored_plans(&work, &finished_plans).await? {
        finished_plans.remove(&open);
    }
    let finished_scores = rows::plan_scores(&work, &finished_plans).await?;
    let events = finished_scores.iter().map(|score| REPLENISHMENT_PLAN_SCORED.event(&ScoreEvent::of(score))).collect();
    journal::append_other(&mut work, events, now).await?;
    work.commit().await
}

/// Returns the results of proposals whose delivery was due in a period: only those for stores of
/// the permit.
pub async fn outcome_sums(
    permit: &Permit<kind::PurchaseRead>,
    db: &Database,
    days: (i32, i32),
) -> Result<Vec<OutcomeSum>, Fault> {
    let (scope, reach) = (permit.scope(db), permit.reach());
    let stores = if let Reach::Stores(stores) = &reach { Some(&stores[..]) } else { None };
    rows::outcome_sums(&scope, days, stores).await
}
