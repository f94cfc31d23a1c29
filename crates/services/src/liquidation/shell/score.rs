//! Scores lines whose last days are over, and appends events with the results of plans.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use inventory::catalog::rows::small_tables::tenant_zone;
use platform::{
    clock::{Clock, local_day},
    storage::{Database, Fault, TenantScope, journal},
};

use super::ask::results;
use crate::{
    demand::shell::catch_up,
    forecasting::rows::tenants_with_facts,
    liquidation::{
        core::{LineScore, PlanLine, SETTLED_DAYS},
        events::{LIQUIDATION_PLAN_SCORED, ScoreEvent},
        rows::{self, ActionSum, DueLine, LineOutcome},
    },
};

/// Maximum chunks of a tenant that one round scores; the next round continues.
const MAX_CHUNKS: usize = 100;

/// Scores the due lines of all tenants. A tenant that fails is logged and skipped, so that it does
/// not block the others.
pub async fn score_all(db: &Database, clock: &Clock) -> Result<(), Fault> {
    for tenant in tenants_with_facts(&db.global()).await? {
        match Box::pin(score_due(db, clock, tenant)).await {
            Ok(0) => {}
            Ok(lines) => tracing::info!(tenant = %tenant, lines, "lines of liquidation were scored"),
            Err(fault) => tracing::warn!(tenant = %tenant, error = %fault, "no lines of liquidation could be scored"),
        }
    }
    Ok(())
}

/// Scores the approved lines of a tenant whose last day was over a week ago, and returns their
/// number.
pub async fn score_due(db: &Database, clock: &Clock, tenant: TenantId) -> Result<usize, Fault> {
    let scope = db.tenant(tenant).long();
    let today = local_day(clock.now(), &tenant_zone(&scope).await?);
    let mut count = 0;
    for round in 0..MAX_CHUNKS {
        let due = rows::due_lines(&scope, today - SETTLED_DAYS).await?;
        if due.is_empty() {
            break;
        }
        if round == 0 {
            // Facts are brought up to date first, so that recovered amounts are complete.
            catch_up(db, tenant, usize::MAX).await?;
        }
        let scores = score_lines(&scope, &due, today).await?;
        if scores.is_empty() {
            break;
        }
        store_scores(&scope, clock.now(), &scores).await?;
        count += scores.len();
    }
    Ok(count)
}

async fn score_lines(scope: &TenantScope, due: &[DueLine], today: i32) -> Result<Vec<LineOutcome>, Fault> {
    let mut currencies: Vec<Currency> = Vec::new();
    for due_line in due {
        if !currencies.contains(&due_line.currency) {
            currencies.push(due_line.currency);
        }
    }
    let mut scores = Vec::with_capacity(due.len());
    for currency in currencies {
        let currency_lines: Vec<&DueLine> = due.iter().filter(|due_line| due_line.currency == currency).collect();
        let lines: Vec<PlanLine> = currency_lines.iter().map(|due_line| due_line.line.clone()).collect();
        let Some(since) = lines.iter().filter_map(|line| line.approved_on).min() else { continue };
        let recoveries = results(scope, currency, &lines, (since, today)).await?;
        let score = |due_line: &DueLine| {
            let recovered = *recoveries.get(&due_line.line.id)?;
            Some(LineOutcome {
                plan: due_line.plan,
                position: due_line.line.position,
                score: LineScore::of(recovered, due_line.line.expected),
            })
        };
        scores.extend(currency_lines.into_iter().filter_map(score));
    }
    Ok(scores)
}

/// Writes scores, and appends an event for each plan whose last lines were scored. The journal is
/// locked first: if two rounds score the same lines, only one of them appends the event.
async fn store_scores(scope: &TenantScope, now: Timestamp, scores: &[LineOutcome]) -> Result<(), Fault> {
    let mut work = scope.begin().await?;
    journal::lock(&work).await?;
    let plan_ids: BTreeSet<LiquidationPlanId> = scores.iter().map(|scored| scored.plan).collect();
    let mut finished_plans = rows::find_unscored_plans(&work, &plan_ids).await?;
    rows::write_scores(&work, scores).await?;
    for open in rows::find_unscored_plans(&work, &finished_plans).await? {
        finished_plans.remove(&open);
    }
    let finished_scores = rows::plan_scores(&work, &finished_plans).await?;
    let events = finished_scores.iter().map(|score| LIQUIDATION_PLAN_SCORED.event(&ScoreEvent::of(score))).collect();
    journal::append_other(&mut work, events, now).await?;
    work.commit().await
}

/// Returns the results of lines whose last day was in a period, by action: only lines from or to
/// stores of the permit.
pub async fn action_sums(permit: &Permit<kind::PurchaseRead>, db: &Database, days: (i32, i32)) -> Result<Vec<ActionSum>, Fault> {
    let (scope, reach) = (permit.scope(db), permit.reach());
    let stores = if let Reach::Stores(stores) = &reach { Some(&stores[..]) } else { None };
    rows::action_sums(&scope, days, stores).await
}
