//! A plan for each tenant and night.

use entity::prelude::*;
use inventory::catalog::rows::small_tables::tenant_zone;
use platform::{
    audit::{AuditContext, AuditWriter, Origin},
    clock::{Clock, local_minute},
    storage::{Database, Fault, journal},
};

use super::{
    facts::compute_needs,
    make::{plan_of, write},
    purchase_budget::available_budgets,
};
use crate::{
    demand::shell::catch_up,
    forecasting::rows::{last_run, tenants_with_facts},
    replenishment::{
        core::{Plan, PlanScope},
        events::{PlanEvent, REPLENISHMENT_PLAN_EXECUTED},
        rows,
    },
};

/// Minutes after midnight, in the tenant's time zone, from which the nightly plan is made: the
/// previous day's facts are complete, and nothing is ordered yet.
pub(super) const START_MINUTE: i32 = 120;

/// Makes the nightly plans of all tenants that have none yet. A tenant whose plan fails is logged
/// and skipped, so that it does not block the others.
pub async fn plan_all(db: &Database, clock: &Clock, audit_writer: &AuditWriter) -> Result<(), Fault> {
    for tenant in tenants_with_facts(&db.global()).await? {
        match plan_night(db, clock, audit_writer, tenant).await {
            Ok(Some(plan)) => tracing::info!(tenant = %tenant, lines = plan.line_count, "a replenishment plan was made"),
            Ok(None) => {}
            Err(fault) => tracing::warn!(tenant = %tenant, error = %fault, "no replenishment plan could be made"),
        }
    }
    Ok(())
}

/// Makes the nightly plan of a tenant. None before two o'clock, if the plan exists, and if there is
/// no forecast yet.
pub async fn plan_night(
    db: &Database,
    clock: &Clock,
    audit_writer: &AuditWriter,
    tenant: TenantId,
) -> Result<Option<Plan>, Fault> {
    let scope = db.tenant(tenant).long();
    let now = clock.now();
    let (today, minute) = local_minute(now, &tenant_zone(&scope).await?);
    if minute < START_MINUTE || rows::has_nightly(&scope, today).await? || last_run(&scope).await?.is_none() {
        return Ok(None);
    }
    catch_up(db, tenant, usize::MAX).await?;
    let computed = compute_needs(&scope, clock, &PlanScope::default(), None).await?;
    let available = available_budgets(&scope, now, None, &computed.lines).await?;
    let (plan, lines) = plan_of(clock, computed, (PlanScope::default(), available, None), (Actor::SYSTEM, true));
    let mut work = scope.begin().await?;
    // The journal is locked before the plans, in the same order as in an approval.
    journal::lock(&work).await?;
    let executed_plans = rows::settle_executed(&work, now).await?;
    let events = executed_plans.iter().map(|plan| REPLENISHMENT_PLAN_EXECUTED.event(&PlanEvent::of(plan, 0))).collect();
    journal::append_other(&mut work, events, now).await?;
    write(&mut work, &plan, &lines).await?;
    let audit_actor = Some((tenant, Actor::SYSTEM));
    AuditContext::new("replenishment.plan".to_owned(), Origin::default(), audit_writer.clone(), audit_actor, None)
        .run_within(work.commit())
        .await?;
    Ok(Some(plan))
}
