//! Sending of a plan's purchase orders to their suppliers: for a member who approves lines, and for
//! the rule, in the name of the member who set it and with the member's current rights.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Access, Caller, Permission, Permit, Reach, kind, permit};
use inventory::{
    ledger::{Ledger, Mode, Receipt, Stop},
    purchasing::{
        core::PurchaseOrder,
        rows as purchases,
        shell::{
            MailRefusal, PurchaseOrderAct, orders_sent_by, purchase_order_approve, purchase_order_order, purchase_order_submit,
            send,
        },
    },
    stock::core::Rejection,
};
use platform::{
    path,
    storage::{Fault, Reads, TenantScope, idempotency},
};

use super::refusal::ReplenishmentRefusal;
use crate::replenishment::{
    core::{ApprovalRule, Document, LineKind, PlanLine},
    rows,
};

/// Maximum orders that a call sends: each is four commits, and a request has ten seconds.
pub const MAX_SENT: usize = 200;

/// Permits for the steps from a draft to the supplier, and the idempotency keys of these steps.
pub(super) struct Sender {
    submits: Permit<kind::PurchaseWrite>,
    /// None if the caller approves orders in no store.
    approves: Option<Permit<kind::PurchaseApprove>>,
    places: Permit<kind::PurchaseWrite>,
    key_prefix: &'static str,
}

/// Reason why an order was not sent. It stays in the state that it has reached, for a person.
#[derive(Debug)]
pub enum Unsent {
    /// The permission that a step needs in the order's store.
    Forbidden(&'static str),
    NoEmail,
    /// The order is above the amount that its requester may approve, with the room's reasons.
    AwaitsApproval(Vec<Rejection>),
    /// The order is not the draft any more that was made of the plan, or a step was refused, with the
    /// room's reasons.
    Refused(Vec<Rejection>),
    /// The call has sent `MAX_SENT` others.
    Later,
}

/// Result of sending the orders of a plan.
#[derive(Debug, Default)]
pub struct SendOutcome {
    /// Orders that were placed and handed to the job that e-mails them, now or by an earlier call.
    pub sent: usize,
    pub unsent: Vec<(PurchaseOrderId, Unsent)>,
    /// The last event of these orders that the steps have caused, also in an earlier call.
    pub seq: Option<i64>,
}

impl Sender {
    /// The member in whose name the rule sends, while the rule asks for their approval. None if the rule
    /// sends nothing, or its member may no longer buy and approve in all stores: drafts wait for a person.
    pub(super) async fn of_rule(access: &Access, rule: &ApprovalRule, rule_caller: &Caller) -> Result<Option<Self>, Fault> {
        let Some(member) = rule.sender else { return Ok(None) };
        let Some(caller) = access.member(rule_caller.tenant, member).await? else { return Ok(None) };
        let submits = permit(rule_caller).map_err(|denied| Fault::Broken(denied.to_string()))?;
        let (Ok(approves), Ok(places)) = (permit::<kind::PurchaseApprove>(&caller), permit::<kind::PurchaseWrite>(&caller))
        else {
            return Ok(None);
        };
        let is_everywhere = places.reach() == Reach::Everywhere && approves.reach() == Reach::Everywhere;
        Ok(is_everywhere.then_some(Self { submits, approves: Some(approves), places, key_prefix: "rule" }))
    }
    fn step_input(&self, step: &str, order: PurchaseOrderId, version: i64) -> PurchaseOrderAct {
        PurchaseOrderAct { idempotency_key: self.key_of(step, order), order, expected_version: Some(version), note: None }
    }
    fn key_of(&self, step: &str, order: PurchaseOrderId) -> String {
        format!("{}-{step}-{order}", self.key_prefix)
    }
}

/// The purchase orders that lines became. One that was cut is the supplier's already.
fn orders_of<'a>(lines: impl Iterator<Item = &'a PlanLine>) -> BTreeSet<PurchaseOrderId> {
    let purchases = lines.filter(|line| matches!(line.kind, LineKind::Purchase { .. }));
    purchases
        .filter_map(|line| match line.state.document() {
            Some(Document::PurchaseOrder(order)) => Some(order),
            _ => None,
        })
        .collect()
}

/// Places and sends the orders of a plan that the rule made, and returns the number of sent ones.
pub(super) async fn send_orders_of_rule(
    ledger: &Ledger,
    scope: &TenantScope,
    plan: ReplenishmentPlanId,
    sender: &Sender,
) -> Result<usize, Fault> {
    let lines = rows::lines_of(scope, plan).await?;
    let orders = orders_of(lines.iter().filter(|line| line.approved_by == Some(Actor::REPLENISHMENT_RULE)));
    let outcome = send_orders(ledger, scope, orders, (sender, usize::MAX)).await?;
    for (order, reason) in &outcome.unsent {
        tracing::warn!(tenant = %scope.tenant(), order = %order, ?reason, "an order of a replenishment rule was not sent: it waits for a person");
    }
    Ok(outcome.sent)
}

/// Rejects a key that asks for sending: only a person approves orders.
pub(super) fn check_sender(permit: &Permit<kind::PurchaseRead>, is_sending: bool) -> Result<(), ReplenishmentRefusal> {
    if is_sending && permit.actor().kind != ActorKind::Member {
        let message = "orders are approved and sent in your name: it takes a member, and a key makes drafts";
        return Err(ReplenishmentRefusal::Invalid { message, field: path!["input", "isSending"] });
    }
    Ok(())
}

/// Places and sends the orders of a plan's lines at `positions`, which ascend, in the name of the
/// member who approved them. The member asks for approval and grants it: an order above the amount
/// that takes a second person waits for one.
pub(super) async fn send_orders_of_caller(
    ledger: &Ledger,
    permit: &Permit<kind::PurchaseRead>,
    (plan, positions): (ReplenishmentPlanId, &[i32]),
) -> Result<SendOutcome, Fault> {
    let scope = permit.scope(ledger.database());
    let lines = rows::lines_of(&scope, plan).await?;
    let orders = orders_of(lines.iter().filter(|line| positions.binary_search(&line.position).is_ok()));
    // A caller who repeats the call may have lost the permission.
    let Ok(buys) = permit.also::<kind::PurchaseWrite>() else {
        let forbidden = |order| (order, Unsent::Forbidden(kind::PurchaseWrite::info().code));
        return Ok(SendOutcome { unsent: orders.into_iter().map(forbidden).collect(), ..SendOutcome::default() });
    };
    let sender = Sender { submits: buys.clone(), approves: permit.also().ok(), places: buys, key_prefix: "plan" };
    send_orders(ledger, &scope, orders, (&sender, MAX_SENT)).await
}

/// Places orders and sends them to their suppliers, up to a maximum. Each step has an idempotency key
/// of its own, so that an interrupted call continues where it ended, and nothing is sent twice.
async fn send_orders(
    ledger: &Ledger,
    scope: &TenantScope,
    orders: BTreeSet<PurchaseOrderId>,
    (sender, max_sent): (&Sender, usize),
) -> Result<SendOutcome, Fault> {
    let sends: Vec<_> = orders.into_iter().map(|order| (order, sender.key_of("send", order))).collect();
    let already_sent = orders_sent_by(scope, sender.places.actor(), &sends).await?;
    let mut outcome = SendOutcome { sent: already_sent.len(), ..SendOutcome::default() };
    let due: Vec<_> = sends.into_iter().map(|(order, _)| order).filter(|order| !already_sent.contains(order)).collect();
    for order in purchases::orders(scope, &due).await? {
        // Those that cannot be sent do not count: they would keep the others waiting in each call.
        let result = if outcome.sent - already_sent.len() == max_sent {
            Err(Unsent::Later)
        } else {
            Box::pin(send_order(ledger, scope, &order, (sender, &mut outcome.seq))).await?
        };
        match result {
            Ok(()) => outcome.sent += 1,
            Err(reason) => outcome.unsent.push((order.id, reason)),
        }
    }
    Ok(outcome)
}

/// Sends one order from its draft to the supplier, and raises `seq` to the last event of the steps.
async fn send_order(
    ledger: &Ledger,
    scope: &TenantScope,
    order: &PurchaseOrder,
    (sender, seq): (&Sender, &mut Option<i64>),
) -> Result<Result<(), Unsent>, Fault> {
    let (id, store) = (order.id, order.store);
    if !sender.submits.covers(store) || !sender.places.covers(store) {
        return Ok(Err(Unsent::Forbidden(kind::PurchaseWrite::info().code)));
    }
    let Some(approves) = sender.approves.as_ref().filter(|permit| permit.covers(store)) else {
        return Ok(Err(Unsent::Forbidden(kind::PurchaseApprove::info().code)));
    };
    // An order whose supplier has no e-mail address is not placed.
    if purchases::load_printed_parties(scope, id).await?.is_none_or(|printed| printed.email.is_none()) {
        return Ok(Err(Unsent::NoEmail));
    }
    // The draft that was made of the plan has version 1. One that was changed since is left to a
    // person, and one that a second person has approved is placed.
    if order.status() == PurchaseOrderStatus::Draft {
        let submitted = purchase_order_submit(ledger, sender.submits.clone(), sender.step_input("submit", id, 1), Mode::Commit);
        if let Err(unsent) = executed(Box::pin(idempotency::by_key(submitted)).await, seq)? {
            return Ok(Err(unsent));
        }
    }
    if matches!(order.status(), PurchaseOrderStatus::Draft | PurchaseOrderStatus::PendingApproval) {
        let approved = purchase_order_approve(ledger, approves.clone(), sender.step_input("approve", id, 2), Mode::Commit);
        if let Err(unsent) = executed(Box::pin(idempotency::by_key(approved)).await, seq)? {
            return Ok(Err(awaiting_approval(scope, id, unsent).await?));
        }
    }
    let placed = purchase_order_order(ledger, sender.places.clone(), sender.step_input("order", id, 3), Mode::Commit);
    if let Err(unsent) = executed(Box::pin(idempotency::by_key(placed)).await, seq)? {
        return Ok(Err(unsent));
    }
    let sent = send(ledger.database(), ledger.clock(), sender.places.clone(), (id, sender.key_of("send", id)));
    Ok(match Box::pin(idempotency::by_key(sent)).await? {
        Ok(_) => Ok(()),
        Err(MailRefusal::NoAddress) => Err(Unsent::NoEmail),
        Err(MailRefusal::NoOrder | MailRefusal::NotApproved(_) | MailRefusal::KeyReused) => Err(Unsent::Refused(Vec::new())),
    })
}

/// An order that was submitted as it was made, and not approved, waits for a second person.
async fn awaiting_approval(scope: &TenantScope, order: PurchaseOrderId, unsent: Unsent) -> Result<Unsent, Fault> {
    let Unsent::Refused(rejections) = unsent else { return Ok(unsent) };
    let current = purchases::orders(scope, &[order]).await?.pop();
    let is_waiting = current.is_some_and(|order| order.status() == PurchaseOrderStatus::PendingApproval && order.version == 2);
    Ok(if is_waiting { Unsent::AwaitsApproval(rejections) } else { Unsent::Refused(rejections) })
}

/// Whether a step was executed, now or earlier; raises `seq` to its last event.
fn executed(outcome: Result<Receipt, Stop>, seq: &mut Option<i64>) -> Result<Result<(), Unsent>, Fault> {
    match outcome {
        Ok(receipt) => {
            *seq = (*seq).max(receipt.seq);
            Ok(Ok(()))
        }
        Err(Stop::Denied(denied)) => Ok(Err(Unsent::Forbidden(denied.0))),
        Err(Stop::Refused(rejections)) => Ok(Err(Unsent::Refused(rejections))),
        Err(Stop::Fault(fault)) => Err(fault),
    }
}
