//! Rows and stock of an order after a dry run, which writes none of them.

use std::{collections::BTreeMap, sync::Arc};

use entity::prelude::{OrderId, ReservationId};
use inventory::{
    orders::{
        core::{self, OrderDecision, hold::Hold},
        rows::{self, CompletedStep, LineReservation, completed_steps},
    },
    payments::core::{Payment, PaymentDecision},
    stock::{
        core::Reservation,
        rows::{ReservationSelection, select_reservations},
    },
};
use platform::storage::TenantScope;

use crate::graphql::fault::Answer;

/// Additions of a dry run to one order.
pub(crate) struct OrderDryRun {
    /// Holds that it would set or lift.
    pub holds: Vec<Hold>,
    pub steps: Vec<CompletedStep>,
    pub payments: Vec<Arc<Payment>>,
}

impl OrderDryRun {
    pub fn of(order: &core::Order, decision: &OrderDecision, paid: Option<&PaymentDecision>) -> Self {
        let facts = paid.map(|paid| paid.facts.as_slice()).unwrap_or_default();
        let order_facts = facts.iter().filter(|fact| fact.payment.order == order.id);
        Self {
            holds: decision.holds.iter().filter(|hold| hold.order == order.id).cloned().collect(),
            steps: completed_steps(decision, order.updated_at).filter(|step| step.order == order.id).collect(),
            payments: order_facts.map(|fact| Arc::new(fact.payment.clone())).collect(),
        }
    }
}

/// Returns the stock that an order would hold after a dry run: its reservations now, with the
/// changes applied.
pub(super) async fn held_stock_after_dry_run(
    scope: &TenantScope,
    changed: &[Reservation],
    order: OrderId,
) -> Answer<Vec<LineReservation>> {
    let now = select_reservations(scope, ReservationSelection::ActiveOfOrders(&[order])).await?;
    let mut active_reservations: BTreeMap<ReservationId, Reservation> =
        now.into_iter().map(|reservation| (reservation.id, reservation)).collect();
    active_reservations.extend(changed.iter().map(|reservation| (reservation.id, reservation.clone())));
    let active_reservations: Vec<Reservation> = active_reservations.into_values().collect();
    Ok(rows::line_reservations_in(&active_reservations, order))
}
