//! Scoring proposals at night, and telling how they came true.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use inventory::catalog::rows::small::tenant_zone;
use platform::{
    clock::{Clock, local_minute},
    storage::{Database, Fault, TenantScope, journal},
};

use super::nightly::FROM_MINUTE;
use crate::{
    demand::shell::catch_up,
    forecasting::rows::tenants_with_facts,
    replenishment::{
        events::{REPLENISHMENT_PLAN_SCORED, ScoreEvent},
        rows::{self, OutcomeSum, Scored},
    },
};

/// Chunks of a tenant that one round scores at most; the next one goes on.
const MOST_CHUNKS: usize = 100;

/// Scores what is due of all tenants. A tenant that fails is logged and passed over, so that it holds nobody else up.
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

/// Scores the proposals of a tenant whose lead time has passed, and says how many these were. None before the facts of the day before are complete.
pub async fn score_due(db: &Database, clock: &Clock, tenant: TenantId) -> Result<usize, Fault> {
    let scope = db.tenant(tenant).long();
    let (today, minute) = local_minute(clock.now(), &tenant_zone(&scope).await?);
    let today = if minute < FROM_MINUTE { today - 1 } else { today };
    let mut count = 0;
    for round in 0..MOST_CHUNKS {
        let mut scores = rows::due_scores(&scope, today).await?;
        if scores.is_empty() {
            break;
        }
        if round == 0 {
            // What they are compared with is complete; they are read once more.
            catch_up(db, tenant, usize::MAX).await?;
            scores = rows::due_scores(&scope, today).await?;
        }
        keep(&scope, clock.now(), &scores).await?;
        count += scores.len();
    }
    Ok(count)
}

/// Writes scores, and tells of the plans of which these were the last ones. The counter first: of two rounds that score the same lines one tells.
async fn keep(scope: &TenantScope, now: Timestamp, scores: &[Scored]) -> Result<(), Fault> {
    let mut work = scope.begin().await?;
    journal::lock(&work).await?;
    let named: BTreeSet<ReplenishmentPlanId> = scores.iter().map(|scored| scored.plan).collect();
    let mut finished = rows::unscored(&work, &named).await?;
    rows::write_scores(&work, scores).await?;
    for open in rows::unscored(&work, &finished).await? {
        finished.remove(&open);
    }
    let told = rows::plan_scores(&work, &finished).await?;
    let events = told.iter().map(|score| REPLENISHMENT_PLAN_SCORED.event(&ScoreEvent::of(score))).collect();
    journal::append_other(&mut work, events, now).await?;
    work.commit().await
}

/// How proposals came true whose delivery was due from one day to another: those for stores of the permit's.
pub async fn outcome_sums(
    permit: &Permit<kind::PurchaseRead>,
    db: &Database,
    days: (i32, i32),
) -> Result<Vec<OutcomeSum>, Fault> {
    let (scope, reach) = (permit.scope(db), permit.reach());
    let stores = if let Reach::Stores(stores) = &reach { Some(&stores[..]) } else { None };
    rows::outcome_sums(&scope, days, stores).await
}
