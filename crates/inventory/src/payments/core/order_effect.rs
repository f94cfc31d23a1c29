//! The effect of payments on their orders: the orders are written with their sums, and those that
//! got money lose the holds that wait for the payment once it is complete.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;

use super::{
    book::{PaymentDecision, PaymentFact},
    payment::Payment,
};
use crate::orders::{
    core::{
        Order, OrderBook, OrderDecision, OrderFact, apply_hold_rules,
        hold::{Hold, PAYMENT},
        hold_commands::remove_holds,
    },
    events::{ORDER_HOLD_LIFTED, ORDER_UPDATED},
};

/// Returns the decision on payments and on their orders, whose sums include them already. `lifted`
/// are holds that were released before and are written again.
pub(super) fn build_decision(
    book: &OrderBook,
    facts: Vec<PaymentFact>,
    mut orders: BTreeMap<OrderId, Order>,
    mut lifted: Vec<Hold>,
    (now, actor): (Timestamp, Actor),
) -> (PaymentDecision, OrderDecision) {
    // Money was captured, or a refund was reversed.
    let is_gain = |payment: &Payment| match payment.kind {
        PaymentKind::Capture => payment.reverses.is_none(),
        PaymentKind::Refund => payment.reverses.is_some(),
        PaymentKind::Authorisation | PaymentKind::Void => false,
    };
    let paid_orders: BTreeSet<OrderId> =
        facts.iter().filter(|fact| is_gain(&fact.payment)).map(|fact| fact.payment.order).collect();
    let mut events = Vec::with_capacity(orders.len());
    for order in orders.values_mut() {
        order.touch(now);
        let fact = |kind| OrderFact { kind, order: order.id, before: Some(order.status), by: actor.into(), changed: Vec::new() };
        events.push(fact(ORDER_UPDATED));
        let lifted_holds = if paid_orders.contains(&order.id) { payment_holds_to_lift(book, order) } else { Vec::new() };
        events.extend(lifted_holds.iter().map(|_| fact(ORDER_HOLD_LIFTED)));
        lifted.extend(remove_holds(order, lifted_holds, (now, actor)));
    }
    let mut changed = OrderDecision { orders: orders.into_values().collect(), events, holds: lifted, ..OrderDecision::default() };
    apply_hold_rules(book, now, &mut changed);
    (PaymentDecision { facts, with_document: false }, changed)
}

/// Returns the holds that a capture lifts: those that wait for the payment, once the order's net
/// total is paid.
fn payment_holds_to_lift(book: &OrderBook, order: &Order) -> Vec<Hold> {
    if order.balance().minor > 0 {
        return Vec::new();
    }
    let standing = book.holds.get(&order.id).into_iter().flatten();
    // The payment releases the hold, and nobody approved the order unpaid: the match for
    // non-payment is dropped.
    let lifted_hold =
        |hold: &Hold| Hold { matched: hold.matched.clone().filter(|hold_match| hold_match.refunded.is_none()), ..hold.clone() };
    standing.filter(|hold| hold.kind == PAYMENT).map(lifted_hold).collect()
}
