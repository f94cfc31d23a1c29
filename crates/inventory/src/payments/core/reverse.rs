//! Reversing a payment that never happened, or happened otherwise: a payment of its own that
//! mirrors it. Whole, once, and while no other payment depends on it.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    book::{PaymentBook, PaymentDecision, PaymentFact, PaymentNeeds},
    order_effect::build_decision,
    payment::Payment,
    record::MAX_CLOCK_SKEW_SECONDS,
    refusal::Refusal,
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    orders::{
        core::{
            ActionDetails, Order, OrderBook, OrderDecision, OrderFact, OrderNeeds, PaymentSums,
            hold::{Hold, PAYMENT},
            hold_commands::reapply_holds,
        },
        events::ORDER_HELD,
    },
    reversals::core::{DependencyReason, DependentDocument, Dependents, Refusal as ReversalRefusal},
    stock::core::{At, Draft, Field, Noun, Rejection, RoomRefusal},
};

/// Maximum dependent payments that a rejection names.
const MAX_LISTED_DEPENDENTS: usize = 10;

/// Reversal of a payment.
#[derive(Debug, Clone)]
pub struct ReversePayment {
    /// ID of the reversal.
    pub id: PaymentId,
    pub payment: PaymentId,
    /// The payment's order, which never changes and was read before.
    pub order: OrderId,
    /// Expected version of the order.
    pub expected_version: Option<i64>,
    pub note: String,
    /// None for the time at which it is recorded.
    pub occurred_at: Option<Timestamp>,
    pub actor: Actor,
    /// PAYMENT holds that members have set on the order, the oldest first, read before; each with
    /// the ID of its possible successor.
    pub by_hand: Vec<(HoldId, Hold)>,
}

impl Decide for ReversePayment {
    fn name(&self) -> &'static str {
        "payment.reverse"
    }

    fn weight(&self) -> usize {
        1
    }

    fn needs(&self, needs: &mut Needs) {
        needs.documents.with(|document_needs: &mut OrderNeeds| {
            document_needs.orders.insert(self.order);
            document_needs.holds.insert(self.order);
            document_needs.hold_rules = true;
            document_needs.judged.insert(self.order);
        });
        needs.documents.with(|document_needs: &mut PaymentNeeds| document_needs.orders.insert(self.order));
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let now = draft.now();
        let (facts, orders) = books
            .read(|orders: &OrderBook| books.read(|payments: &PaymentBook| decide_reverse((orders, payments), now, self)))?;
        let mut decision = Decision::of(facts);
        decision.documents.put(orders);
        Ok(decision)
    }
}

fn decide_reverse(
    (orders, payments): (&OrderBook, &PaymentBook),
    now: Timestamp,
    command: &ReversePayment,
) -> Result<(PaymentDecision, OrderDecision), Rejection> {
    let missing = || Rejection::not_found(Noun::Payment, At::input(Field::Id));
    let mut order = orders.orders.get(&command.order).ok_or_else(missing)?.clone();
    let facts: Vec<&Payment> = payments.of_order(order.id).collect();
    let original = facts.iter().find(|fact| fact.id == command.payment).ok_or_else(missing)?;
    order.check_version(command.expected_version)?;
    if original.reverses.is_some() {
        return Err(ReversalRefusal::OfReversal.at(At::input(Field::Id)));
    }
    if facts.iter().any(|fact| fact.reverses == Some(original.id)) {
        return Err(ReversalRefusal::AlreadyReversed.at(At::input(Field::Id)));
    }
    let occurred_at = reversal_time(command, original, now)?;
    check_no_dependents(&order, &facts, original)?;
    order.paid = sums_without(&order, original).ok_or_else(|| Refusal::TooLarge.at(At::input(Field::Id)))?;
    let payment = Payment {
        id: command.id,
        amount: Money::new(-original.amount.minor, original.amount.currency),
        // The provider's reference belongs to the original only.
        reference: None,
        occurred_at,
        recorded_at: now,
        actor: command.actor,
        note: Some(command.note.clone()),
        reverses: Some(original.id),
        ..(*original).clone()
    };
    let fact = PaymentFact { payment, store: order.store, channel: order.channel };
    let lifted = rule_holds_to_reapply(orders, &order, &facts);
    let reapplied = manual_holds_to_reapply(command, (orders, &order), &facts);
    let reapplied = reapply_holds(&mut order, reapplied, (now, command.actor));
    let held_event = |hold: &Hold| OrderFact {
        kind: ORDER_HELD,
        order: hold.order,
        before: Some(order.status),
        by: ActionDetails { actor: command.actor, reason: Some(hold.reason.clone()), cancel: None, register: None },
        changed: Vec::new(),
    };
    let hold_events: Vec<OrderFact> = reapplied.iter().map(held_event).collect();
    let by = (now, command.actor);
    let (payment_decision, mut changed) = build_decision(orders, vec![fact], BTreeMap::from([(order.id, order)]), lifted, by);
    changed.holds.extend(reapplied);
    changed.events.extend(hold_events);
    Ok((payment_decision, changed))
}

/// Returns holds that were set by hand and last lifted by a payment, of an order that is no longer
/// paid: one for each reason, unless an equal one is set.
fn manual_holds_to_reapply(command: &ReversePayment, (book, order): (&OrderBook, &Order), facts: &[&Payment]) -> Vec<Hold> {
    if order.balance().minor <= 0 {
        return Vec::new();
    }
    let mut last_by_reason: BTreeMap<&str, (HoldId, &Hold)> = BTreeMap::new();
    for (id, hold) in &command.by_hand {
        last_by_reason.insert(&hold.reason, (*id, hold));
    }
    let is_standing = |hold: &Hold| {
        let mut standing = book.holds.get(&order.id).into_iter().flatten();
        standing.any(|other| other.rule.is_none() && other.kind == hold.kind && other.reason == hold.reason)
    };
    let by_payment = |at: Timestamp| facts.iter().any(|fact| fact.recorded_at == at);
    let is_open = |hold: &Hold| hold.lifted.is_some_and(|(at, _)| by_payment(at)) && !is_standing(hold);
    last_by_reason.into_values().filter(|(_, hold)| is_open(hold)).map(|(id, hold)| Hold { id, ..hold.clone() }).collect()
}

/// Returns holds of rules that a payment lifted, of an order that is no longer paid. No member
/// exempted the order from these rules, so they apply again.
fn rule_holds_to_reapply(book: &OrderBook, order: &Order, facts: &[&Payment]) -> Vec<Hold> {
    if order.balance().minor <= 0 {
        return Vec::new();
    }
    // A hold that a payment lifts has the time at which the payment was recorded.
    let by_payment = |at: Timestamp| facts.iter().any(|fact| fact.recorded_at == at);
    let is_lifted = |hold: &Hold| hold.matched.is_some() && hold.lifted.is_some_and(|(at, _)| by_payment(at));
    let set = book.facts.set.get(&order.id).into_iter().flatten();
    set.filter(|&hold| hold.kind == PAYMENT && is_lifted(hold)).map(|hold| Hold { matched: None, ..hold.clone() }).collect()
}

/// Returns the time of the reversal: not before that of the original, which may lie a moment ahead
/// of this node's clock.
fn reversal_time(command: &ReversePayment, original: &Payment, now: Timestamp) -> Result<Timestamp, Rejection> {
    let at = At::input(Field::OccurredAt);
    match command.occurred_at {
        None => Ok(now.max(original.occurred_at)),
        Some(reversal_time) if reversal_time < original.occurred_at => Err(ReversalRefusal::BeforeOriginal.at(at)),
        Some(reversal_time) if reversal_time > now.plus_seconds(MAX_CLOCK_SKEW_SECONDS) => Err(Refusal::Ahead.at(at)),
        Some(reversal_time) => Ok(reversal_time),
    }
}

/// Rejects the reversal of a payment that others name, and of a capture without which the order's
/// refunds would exceed its captures.
fn check_no_dependents(order: &Order, facts: &[&Payment], original: &Payment) -> Result<(), Rejection> {
    let is_reversed = |fact: &Payment| facts.iter().any(|other| other.reverses == Some(fact.id));
    let standing: Vec<&Payment> =
        facts.iter().rev().copied().filter(|fact| fact.reverses.is_none() && !is_reversed(fact)).collect();
    let mut payment_ids: Vec<PaymentId> =
        standing.iter().filter(|fact| fact.parent == Some(original.id)).map(|fact| fact.id).collect();
    if payment_ids.is_empty() && original.kind == PaymentKind::Capture && order.paid.net_captured() < original.amount.minor {
        payment_ids.extend(standing.iter().filter(|fact| fact.kind == PaymentKind::Refund).map(|fact| fact.id));
    }
    if payment_ids.is_empty() {
        return Ok(());
    }
    let documents = payment_ids.iter().take(MAX_LISTED_DEPENDENTS).map(|id| DependentDocument::Payment(*id)).collect();
    let dependents = Dependents { why: DependencyReason::LaterPayments, documents, count: payment_ids.len() };
    Err(ReversalRefusal::InUse(dependents).at(At::input(Field::Id)))
}

/// Returns the sums of the order without the payment; None if they exceed the range of exact
/// numbers.
fn sums_without(order: &Order, original: &Payment) -> Option<PaymentSums> {
    let (sums, minor) = (order.paid, original.amount.minor);
    let authorised = Money::new(sums.authorised, order.total.currency).checked_add(original.amount).map(|sum| sum.minor);
    Some(match original.kind {
        PaymentKind::Authorisation => PaymentSums { authorised: sums.authorised - minor, ..sums },
        PaymentKind::Capture if original.parent.is_some() => {
            PaymentSums { captured: sums.captured - minor, authorised: authorised?, ..sums }
        }
        PaymentKind::Capture => PaymentSums { captured: sums.captured - minor, ..sums },
        PaymentKind::Void => PaymentSums { authorised: authorised?, ..sums },
        PaymentKind::Refund => PaymentSums { refunded: sums.refunded - minor, ..sums },
    })
}
