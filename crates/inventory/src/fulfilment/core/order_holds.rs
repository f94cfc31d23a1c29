//! Works of orders that are held: their allowed steps change when a hold begins or ends.

use super::book::{WorkBook, WorkChange, WorkDecision};
use crate::orders::core::{Order, OrderBook};

/// Adds the open works of orders that begin or cease to be on hold, since the works change too.
pub(super) fn touch_works_on_hold_change(
    changed: &[&Order],
    (orders, works): (&OrderBook, &WorkBook),
    decision: &mut WorkDecision,
) {
    let is_held = |order: &Order| !order.hold_kinds.is_empty();
    for &order in changed {
        if orders.orders.get(&order.id).is_none_or(|before| is_held(before) == is_held(order)) {
            continue;
        }
        for work in works.of_order(order.id).filter(|work| work.is_live()) {
            if !decision.works.iter().any(|work_change| work_change.work.head.id == work.head.id) {
                decision.works.push(WorkChange { work: work.clone(), before: None });
            }
        }
    }
}
