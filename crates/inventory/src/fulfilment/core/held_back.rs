//! Works of orders that are held back: other steps are open to them, so that they change where a hold begins or ends.

use super::book::{Touched, WorkBook, WorkDecision};
use crate::orders::core::{Order, OrderBook};

/// Of orders that begin or end to be held back, the works that have something to send change too.
pub(super) fn touch_held(changed: &[&Order], (orders, works): (&OrderBook, &WorkBook), own: &mut WorkDecision) {
    let is_held = |order: &Order| !order.hold_kinds.is_empty();
    for &order in changed {
        if orders.orders.get(&order.id).is_none_or(|before| is_held(before) == is_held(order)) {
            continue;
        }
        for work in works.of_order(order.id).filter(|work| work.is_live()) {
            if !own.works.iter().any(|one| one.work.head.id == work.head.id) {
                own.works.push(Touched { work: work.clone(), before: None });
            }
        }
    }
}
