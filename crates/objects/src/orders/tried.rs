//! Additions of a dry run beside an order's row. They are not written, so the answer carries them.

use std::sync::Arc;

use async_graphql::Context;
use entity::prelude::{OrderId, OrderLineId};
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
    line::OrderLine,
    order::Order,
    payload::{foreseen, is_seen},
};
use crate::{fulfilment::FulfilmentWork, graphql::fault::Answer};

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

impl Order {
    /// The order itself, if it is a dry run's: objects below it carry it.
    fn if_tried(&self) -> Option<Self> {
        self.tried().is_some().then(|| self.clone())
    }
    /// Its line at a place.
    pub(super) fn line_at(&self, whole: Arc<core::Order>, index: usize) -> OrderLine {
        OrderLine::new(whole, index, self.foreseen.clone()).of_order(self.if_tried())
    }
    /// Its line of an ID. None where it has none, or where its lines are not read.
    pub(crate) fn line(&self, id: OrderLineId) -> Option<OrderLine> {
        let index = OrderLine::place_of(self.row(), id)?;
        Some(self.line_at(self.shared(), index))
    }
    /// Works of it, with the order that a dry run would leave.
    pub(super) fn works_tried(&self, works: Vec<FulfilmentWork>) -> Vec<FulfilmentWork> {
        match self.if_tried() {
            None => works,
            tried => works.into_iter().map(|work| work.of_order(tried.clone())).collect(),
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
