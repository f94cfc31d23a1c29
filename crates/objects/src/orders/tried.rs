//! Additions of a dry run beside an order's row. They are not written, so the answer carries them.

use std::sync::Arc;

use async_graphql::Context;
use entity::prelude::OrderId;
use inventory::{
    ledger::Receipt,
    orders::{
        core::{self, OrderDecision, holds::Hold},
        rows::{StepTaken, steps_taken},
    },
    payments::core::{Payment, PaymentDecision},
};
use platform::storage::TenantScope;

use super::{
    order::Order,
    payloads::{foreseen, is_seen},
};
use crate::graphql::fault::Answer;

/// Additions of a dry run to one order.
pub(crate) struct OrderTried {
    /// Holds that it would set or lift.
    pub holds: Vec<Hold>,
    pub steps: Vec<StepTaken>,
    pub payments: Vec<Arc<Payment>>,
}

impl OrderTried {
    pub fn of(order: &core::Order, decision: &OrderDecision, paid: Option<&PaymentDecision>) -> Self {
        let facts = paid.map(|paid| paid.facts.as_slice()).unwrap_or_default();
        let own = facts.iter().filter(|fact| fact.payment.order == order.id);
        Self {
            holds: decision.holds.iter().filter(|hold| hold.order == order.id).cloned().collect(),
            steps: steps_taken(decision, order.updated_at).filter(|step| step.order == order.id).collect(),
            payments: own.map(|fact| Arc::new(fact.payment.clone())).collect(),
        }
    }
}

/// An order as a dry run of a command on another document would leave it; None where it changes nothing, and where the command was written.
pub async fn tried_order(scope: &TenantScope, receipt: &Receipt, id: OrderId) -> Answer<Option<Order>> {
    let decision: Option<&OrderDecision> = receipt.documents.get();
    let Some(decision) = decision.filter(|_| receipt.seq.is_none()) else { return Ok(None) };
    let Some(order) = decision.orders.iter().find(|order| order.id == id) else { return Ok(None) };
    let tried = OrderTried::of(order, decision, receipt.documents.get());
    // Without a change of reservations, what is held is as it is now.
    let held = match receipt.reservations.as_slice() {
        [] => None,
        changed => Some(Arc::new(foreseen(scope, changed, id).await?)),
    };
    Ok(Some(Order::foreseen(Arc::new(order.clone()), held).trying(Some(tried))))
}

/// The order that a dry run carries, if the caller sees it.
pub fn as_tried(ctx: &Context<'_>, order: &Order) -> Option<Answer<Order>> {
    is_seen(ctx, order).map(|seen| seen.then(|| order.clone())).transpose()
}
