//! Rows and stock of an order after a dry run, which writes none of them.

use std::{collections::BTreeMap, sync::Arc};

use entity::prelude::{OrderId, ReservationId};
use inventory::{
    orders::{
        core::{self, OrderDecision, holds::Hold},
        rows::{self, LineReservation, StepTaken, steps_taken},
    },
    payments::core::{Payment, PaymentDecision},
    stock::{
        core::Reservation,
        rows::{Which, reservations},
    },
};
use platform::storage::TenantScope;

use crate::graphql::fault::Answer;

/// Additions of a dry run to one order.
pub(crate) struct OrderDryRun {
    /// Holds that it would set or lift.
    pub holds: Vec<Hold>,
    pub steps: Vec<StepTaken>,
    pub payments: Vec<Arc<Payment>>,
}

impl OrderDryRun {
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

/// Returns the stock that an order would hold after a dry run: its reservations now, with the
/// changes applied.
pub(super) async fn foreseen(scope: &TenantScope, changed: &[Reservation], order: OrderId) -> Answer<Vec<LineReservation>> {
    let now = reservations(scope, Which::ActiveOfOrders(&[order])).await?;
    let mut held: BTreeMap<ReservationId, Reservation> = now.into_iter().map(|one| (one.id, one)).collect();
    held.extend(changed.iter().map(|one| (one.id, one.clone())));
    let held: Vec<Reservation> = held.into_values().collect();
    Ok(rows::line_reservations_in(&held, order))
}
