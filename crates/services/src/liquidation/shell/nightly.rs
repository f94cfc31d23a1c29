//! Plans that advance automatically: each night, in the name of the member who requested it and
//! with the rights that they have then.

use entity::prelude::*;
use iam::access::{Access, Permit, kind, permit};
use inventory::{catalog::rows::small_tables::tenant_zone, ledger::Mode};
use platform::{
    audit::{AuditContext, AuditWriter, Origin},
    clock::local_minute,
    storage::{Fault, Reads, TenantScope},
};

use super::{
    advance::{PlanAdvance, advance_plan},
    execute::Rooms,
    refusal::{LiquidationError, LiquidationRefusal},
};
use crate::liquidation::{
    core::{LineState, Plan, PlanLine},
    rows,
};

/// Minutes after midnight, in the tenant's time zone, from which plans advance: prices change while
/// the stores are closed.
const START_MINUTE: i32 = 120;

/// Advances the automatic plans of all tenants. A tenant whose plan fails is logged and skipped, so
/// that it does not block the others.
pub async fn advance_all(rooms: Rooms<'_>, access: &Access, audit_writer: &AuditWriter) -> Result<(), Fault> {
    for tenant in rows::tenants_with_advanced(&rooms.ledger.database().global()).await? {
        match Box::pin(advance_night(rooms, access, audit_writer, tenant)).await {
            Ok(0) => {}
            Ok(plans) => tracing::info!(tenant = %tenant, plans, "plans of liquidation were advanced"),
            Err(fault) => tracing::warn!(tenant = %tenant, error = %fault, "no plan of liquidation could be advanced"),
        }
    }
    Ok(())
}

/// Advances the due steps of a tenant's plans, and returns how many plans changed. Nothing before
/// two o'clock. If the member has left, or may not read plans any more, a plan waits for a person;
/// so do prices that they may not change. A plan that fails is logged and skipped, so that it does
/// not block the others.
pub async fn advance_night(
    rooms: Rooms<'_>,
    access: &Access,
    audit_writer: &AuditWriter,
    tenant: TenantId,
) -> Result<usize, Fault> {
    let scope = rooms.ledger.database().tenant(tenant);
    let (today, minute) = local_minute(rooms.ledger.clock().now(), &tenant_zone(&scope).await?);
    if minute < START_MINUTE {
        return Ok(0);
    }
    let mut advanced = 0;
    for plan in rows::advanced_plans(&scope).await? {
        match Box::pin(advance_due(rooms, (access, audit_writer), &scope, &plan, today)).await {
            Ok(has_changed) => advanced += usize::from(has_changed),
            Err(fault) => {
                tracing::warn!(tenant = %tenant, plan = %plan.id, error = %fault, "a plan of liquidation could not be advanced");
            }
        }
    }
    Ok(advanced)
}

/// Advances a plan if a step of it is due, and returns whether it changed.
async fn advance_due(
    rooms: Rooms<'_>,
    (access, audit_writer): (&Access, &AuditWriter),
    scope: &TenantScope,
    plan: &Plan,
    today: i32,
) -> Result<bool, Fault> {
    if !is_due(scope, plan, today).await? {
        return Ok(false);
    }
    let tenant = scope.tenant();
    let Some(permit) = permit_of(access, tenant, plan.advanced_by).await? else {
        tracing::warn!(tenant = %tenant, plan = %plan.id, "the member in whose name a plan advances no longer has access: it waits for a person");
        return Ok(false);
    };
    let audit_actor = Some((tenant, permit.actor()));
    // A day has one idempotency key: a failed round is left to the next day, or to a person.
    let input = PlanAdvance {
        idempotency_key: format!("night-{}-{today}", plan.id),
        plan: plan.id,
        expected_version: plan.version,
        automatic: None,
    };
    let context = AuditContext::new("liquidation.advance".to_owned(), Origin::default(), audit_writer.clone(), audit_actor, None);
    match context.run_within(Box::pin(advance_plan(rooms, permit, input, Mode::Commit))).await {
        Ok(result) => Ok(!result.is_replayed && result.seq.is_some()),
        Err(LiquidationError::Fault(fault)) => Err(fault),
        Err(LiquidationError::Refused(refusals)) => match refusals.first() {
            // Another call is changing the plan: the next round tries again.
            Some(LiquidationRefusal::Stale { .. } | LiquidationRefusal::State(_) | LiquidationRefusal::NotFound { .. }) => {
                Ok(false)
            }
            _ => Err(Fault::Broken(format!("{refusals:?}"))),
        },
    }
}

/// Whether the day of a step has come, or the last day of a line is over.
async fn is_due(scope: &TenantScope, plan: &Plan, today: i32) -> Result<bool, Fault> {
    let is_due = |line: &PlanLine| {
        matches!(line.state, LineState::Approved { .. }) && (line.until < today || line.due_price(today).is_some())
    };
    Ok(rows::lines_of(scope, plan.id).await?.iter().any(is_due))
}

/// The member's current permit; None if they have left, or may not read plans.
async fn permit_of(
    access: &Access,
    tenant: TenantId,
    member: Option<MemberId>,
) -> Result<Option<Permit<kind::PurchaseRead>>, Fault> {
    let Some(member) = member else { return Ok(None) };
    Ok(access.member(tenant, member).await?.and_then(|caller| permit::<kind::PurchaseRead>(&caller).ok()))
}
