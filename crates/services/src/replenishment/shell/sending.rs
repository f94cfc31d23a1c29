//! Sending of orders that a rule approved to their suppliers: in the name of the member who set the
//! rule, and with the member's current rights.

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

/// Permits of the member in whose name a rule sends: the one who set it, while allowed to buy and
/// approve in all stores.
pub(super) struct Sender {
    buys: Permit<kind::PurchaseWrite>,
    approves: Permit<kind::PurchaseApprove>,
}

impl Sender {
    /// None if the rule sends nothing, or its member may no longer do so: drafts wait for a person.
    pub(super) async fn of(access: &Access, tenant: TenantId, rule: &ApprovalRule) -> Result<Option<Self>, Fault> {
        let Some(member) = rule.sender else { return Ok(None) };
        Ok(access.member(tenant, member).await?.as_ref().and_then(Self::for_caller))
    }
    /// Returns the caller as a sender; None unless it may buy and approve in all stores.
    pub(super) fn for_caller(caller: &Caller) -> Option<Self> {
        let (buys, approves) = (permit::<kind::PurchaseWrite>(caller).ok()?, permit::<kind::PurchaseApprove>(caller).ok()?);
        let is_everywhere = buys.reach() == Reach::Everywhere && approves.reach() == Reach::Everywhere;
        is_everywhere.then_some(Self { buys, approves })
    }
}

/// Places and sends the orders of a plan that the rule made, and returns how many were sent. `buys`
/// is the rule's own permit: it requests approval, and the sender grants it. An order that is
/// refused a step, or whose supplier has no e-mail address, stays in its state for a person. Each
/// step has an idempotency key of its own, so that an interrupted round continues where it ended.
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
    let mut sent_count = 0;
    for order in orders {
        if Box::pin(send_order(ledger, scope, order, (buys, sender))).await? {
            sent_count += 1;
        } else {
            tracing::warn!(tenant = %scope.tenant(), order = %order, "an order of a replenishment rule was not sent: it waits for a person");
        }
    }
    Ok(sent_count)
}

/// Sends one order from its draft to the supplier. False if a step fails.
async fn send_order(
    ledger: &Ledger,
    scope: &TenantScope,
    order: PurchaseOrderId,
    (buys, sender): (&Permit<kind::PurchaseWrite>, &Sender),
) -> Result<bool, Fault> {
    // An order whose supplier has no e-mail address is not placed.
    if purchases::load_printed_parties(scope, order).await?.is_none_or(|printed| printed.email.is_none()) {
        return Ok(false);
    }
    // Only the draft that the rule made is sent, which begins with version 1. One that was changed
    // since is left to a person.
    let act_input = |step: &str, version: i64| PurchaseOrderAct {
        idempotency_key: format!("rule-{step}-{order}"),
        order,
        expected_version: Some(version),
        note: None,
    };
    let submitted = purchase_order_submit(ledger, buys.clone(), act_input("submit", 1), Mode::Commit);
    if !was_executed(Box::pin(idempotency::by_key(submitted)).await)? {
        return Ok(false);
    }
    let approved = purchase_order_approve(ledger, sender.approves.clone(), act_input("approve", 2), Mode::Commit);
    if !was_executed(Box::pin(idempotency::by_key(approved)).await)? {
        return Ok(false);
    }
    let placed = purchase_order_order(ledger, sender.buys.clone(), act_input("order", 3), Mode::Commit);
    if !was_executed(Box::pin(idempotency::by_key(placed)).await)? {
        return Ok(false);
    }
    let sent = send(ledger.database(), ledger.clock(), sender.buys.clone(), (order, format!("rule-send-{order}"))).await?;
    Ok(sent.is_ok())
}

/// Whether a step was executed, now or earlier.
fn was_executed<T>(outcome: Result<T, Stop>) -> Result<bool, Fault> {
    match outcome {
        Ok(_) => Ok(true),
        Err(Stop::Refused(_) | Stop::Denied(_)) => Ok(false),
        Err(Stop::Fault(fault)) => Err(fault),
    }
}
