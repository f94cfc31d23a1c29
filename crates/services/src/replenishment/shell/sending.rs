//! What a rule approved goes to the suppliers: in the name of the member who set the rule, and by the rights that they have now.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Access, Caller, Permit, Reach, kind, permit};
use inventory::{
    ledger::{Ledger, Mode, Stop},
    purchasing::{
        rows as purchases,
        shell::{PurchaseOrderAct, purchase_order_approve, purchase_order_order, purchase_order_submit, send},
    },
};
use platform::storage::{Fault, Reads, TenantScope, idempotency};

use crate::replenishment::{
    core::{ApprovalRule, Document},
    rows,
};

/// Who stands for a rule that sends: the member who set it, while they may buy and approve in all stores.
pub(super) struct Sender {
    buys: Permit<kind::PurchaseWrite>,
    approves: Permit<kind::PurchaseApprove>,
}

impl Sender {
    /// None where the rule sends nothing, or its member may no longer do so: drafts wait for a person.
    pub(super) async fn of(access: &Access, tenant: TenantId, rule: &ApprovalRule) -> Result<Option<Self>, Fault> {
        let Some(member) = rule.sender else { return Ok(None) };
        Ok(access.member(tenant, member).await?.as_ref().and_then(Self::for_caller))
    }
    /// What a caller may send; None unless it may buy and approve in all stores.
    pub(super) fn for_caller(caller: &Caller) -> Option<Self> {
        let (buys, approves) = (permit::<kind::PurchaseWrite>(caller).ok()?, permit::<kind::PurchaseApprove>(caller).ok()?);
        let is_everywhere = buys.reach() == Reach::Everywhere && approves.reach() == Reach::Everywhere;
        is_everywhere.then_some(Self { buys, approves })
    }
}

/// Places and sends the orders of a plan that the rule made, and says how many were sent. `buys` is the rule's own permit: it asks for approval, and the sender
/// gives it. One that is refused a step, or whose supplier has no e-mail address, stays where it is for a person. Each step has a key of its own, so that a
/// round that was cut off goes on where it ended.
pub(super) async fn send_orders(
    ledger: &Ledger,
    scope: &TenantScope,
    plan: ReplenishmentPlanId,
    (buys, sender): (&Permit<kind::PurchaseWrite>, &Sender),
) -> Result<usize, Fault> {
    let mut orders = BTreeSet::new();
    for line in rows::lines_of(scope, plan).await? {
        if line.approved_by == Some(Actor::REPLENISHMENT_RULE)
            && let Some(Document::PurchaseOrder(order)) = line.state.document()
        {
            orders.insert(order);
        }
    }
    let mut sent = 0;
    for order in orders {
        if Box::pin(send_order(ledger, scope, order, (buys, sender))).await? {
            sent += 1;
        } else {
            tracing::warn!(tenant = %scope.tenant(), order = %order, "an order of a replenishment rule was not sent: it waits for a person");
        }
    }
    Ok(sent)
}

/// Takes one order from its draft to the supplier. False where it does not get there.
async fn send_order(
    ledger: &Ledger,
    scope: &TenantScope,
    order: PurchaseOrderId,
    (buys, sender): (&Permit<kind::PurchaseWrite>, &Sender),
) -> Result<bool, Fault> {
    // What nobody would receive is not placed.
    if purchases::printed(scope, order).await?.is_none_or(|printed| printed.email.is_none()) {
        return Ok(false);
    }
    // What goes out is the draft that the rule has made, which begins with version 1. One that somebody has changed since is for a person.
    let act = |step: &str, version: i64| PurchaseOrderAct {
        idempotency_key: format!("rule-{step}-{order}"),
        order,
        expected_version: Some(version),
        note: None,
    };
    let submitted = purchase_order_submit(ledger, buys.clone(), act("submit", 1), Mode::Commit);
    if !is_done(Box::pin(idempotency::by_key(submitted)).await)? {
        return Ok(false);
    }
    let approved = purchase_order_approve(ledger, sender.approves.clone(), act("approve", 2), Mode::Commit);
    if !is_done(Box::pin(idempotency::by_key(approved)).await)? {
        return Ok(false);
    }
    let placed = purchase_order_order(ledger, sender.buys.clone(), act("order", 3), Mode::Commit);
    if !is_done(Box::pin(idempotency::by_key(placed)).await)? {
        return Ok(false);
    }
    let sent = send(ledger.database(), ledger.clock(), sender.buys.clone(), (order, format!("rule-send-{order}"))).await?;
    Ok(sent.is_ok())
}

/// Whether a step was taken, now or earlier.
fn is_done<T>(done: Result<T, Stop>) -> Result<bool, Fault> {
    match done {
        Ok(_) => Ok(true),
        Err(Stop::Refused(_) | Stop::Denied(_)) => Ok(false),
        Err(Stop::Fault(fault)) => Err(fault),
    }
}
