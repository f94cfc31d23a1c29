//! Recording payments: each is checked against those before it, and all of a call are recorded or none.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;

use super::{
    book::{PaymentBook, PaymentDecision, PaymentFact, PaymentNeeds, Reference},
    order_effect::build_decision,
    payment::Payment,
    refusal::Refusal,
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    orders::core::{Order, OrderBook, OrderDecision, OrderNeeds, apply_hold_rules},
    returns::core::{Return, ReturnBook, ReturnNeeds},
    stock::core::{At, Draft, Field, Noun, Rejection, RoomRefusal},
};

/// Maximum payments of an order.
pub const MAX_PAYMENTS_PER_ORDER: usize = 1_000;
/// Maximum payments and lines of a call's orders together: all of them are read, and held in memory while the call is
/// decided.
pub const MAX_ROWS_PER_CALL: usize = 20_000;
/// Maximum time by which a payment may lie ahead, since clocks differ.
pub(super) const MAX_CLOCK_SKEW_SECONDS: i64 = 300;

/// Input of a payment.
#[derive(Debug, Clone)]
pub struct NewPayment {
    pub id: PaymentId,
    pub order: OrderId,
    pub kind: PaymentKind,
    pub amount: Money,
    pub method: String,
    pub reference: Option<String>,
    pub parent: Option<PaymentId>,
    pub sales_return: Option<ReturnId>,
    /// None for the time at which it is recorded.
    pub occurred_at: Option<Timestamp>,
    pub note: Option<String>,
}

impl NewPayment {
    /// Returns the method and the reference, if there is one.
    pub(super) fn reference_key(&self) -> Option<Reference> {
        Some((self.method.clone(), self.reference.clone()?))
    }
}

/// Checks that the payments and lines of a call's orders together are not too many to read.
///
/// # Errors
/// The call has to be split.
pub fn check_read_size(row_count: usize) -> Result<(), Rejection> {
    if row_count > MAX_ROWS_PER_CALL {
        Err(Refusal::TooMuchRead { most: MAX_ROWS_PER_CALL }.at(At::input(Field::Payments)))
    } else {
        Ok(())
    }
}

/// Payments that are recorded together.
#[derive(Debug, Clone)]
pub struct Record {
    pub facts: Vec<NewPayment>,
    /// True if the input is a list, which determines the places of rejections.
    pub is_list: bool,
    pub actor: Actor,
}

#[derive(Debug, Clone)]
pub enum PaymentCommand {
    Record(Record),
}

impl Decide for PaymentCommand {
    fn name(&self) -> &'static str {
        match self {
            Self::Record(_) => "payment.record",
        }
    }

    fn weight(&self) -> usize {
        let Self::Record(record) = self;
        record.facts.len()
    }

    fn needs(&self, needs: &mut Needs) {
        let Self::Record(record) = self;
        let orders: BTreeSet<OrderId> = record.facts.iter().map(|fact| fact.order).collect();
        let returns: BTreeSet<ReturnId> = record.facts.iter().filter_map(|fact| fact.sales_return).collect();
        needs.documents.with(|document_needs: &mut OrderNeeds| {
            document_needs.orders.extend(&orders);
            document_needs.holds.extend(&orders);
            document_needs.hold_rules = true;
            document_needs.judged.extend(&orders);
        });
        if !returns.is_empty() {
            needs.documents.with(|document_needs: &mut ReturnNeeds| document_needs.returns.extend(&returns));
        }
        needs.documents.with(|document_needs: &mut PaymentNeeds| {
            document_needs.orders.extend(&orders);
            document_needs.returns.extend(&returns);
            document_needs.references.extend(record.facts.iter().filter_map(NewPayment::reference_key));
        });
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let Self::Record(record) = self;
        let now = draft.now();
        let (facts, orders) = books.read(|orders: &OrderBook| {
            books.read(|returns: &ReturnBook| {
                books.read(|payments: &PaymentBook| {
                    decide_record(Basis { orders, returns, payments, new_return: None }, now, record)
                })
            })
        })?;
        let mut decision = Decision::of(facts);
        decision.documents.put(orders);
        Ok(decision)
    }
}

/// State that a payment is decided on: its order, the return that it is for, and earlier payments.
#[derive(Clone, Copy)]
pub(super) struct Basis<'b> {
    pub orders: &'b OrderBook,
    pub returns: &'b ReturnBook,
    pub payments: &'b PaymentBook,
    /// The return that the same command creates.
    pub new_return: Option<&'b Return>,
}

/// State of a call: the payments recorded so far, and their orders.
struct Progress<'b> {
    basis: Basis<'b>,
    /// The payments of the call itself.
    call_payments: PaymentBook,
    orders: BTreeMap<OrderId, Order>,
    facts: Vec<PaymentFact>,
}

fn decide_record(basis: Basis<'_>, now: Timestamp, record: &Record) -> Result<(PaymentDecision, OrderDecision), Rejection> {
    if record.facts.is_empty() {
        return Err(Refusal::NoFacts.at(At::input(Field::Payments)));
    }
    let mut progress = Progress { basis, call_payments: PaymentBook::default(), orders: BTreeMap::new(), facts: Vec::new() };
    for (index, new_payment) in record.facts.iter().enumerate() {
        let place = if record.is_list { At::row(Field::Payments, index) } else { At::INPUT };
        progress.add(new_payment, (now, record.actor), place)?;
    }
    let Progress { facts, orders, .. } = progress;
    Ok(build_decision(basis.orders, facts, orders, Vec::new(), (now, record.actor)))
}

/// Records the payments of an order that the same command places: the order is written with its
/// sums, and its own event has them.
pub(super) fn decide_initial_payments(
    basis: Basis<'_>,
    draft: &mut Draft<'_>,
    order_decision: &mut OrderDecision,
    record: &Record,
) -> Result<PaymentDecision, Rejection> {
    let orders = order_decision.orders.drain(..).map(|order| (order.id, order)).collect();
    let mut progress = Progress { basis, call_payments: PaymentBook::default(), orders, facts: Vec::new() };
    for (index, new_payment) in record.facts.iter().enumerate() {
        let place = At::row(Field::Payments, index);
        let result = match new_payment.kind {
            PaymentKind::Authorisation | PaymentKind::Capture => progress.add(new_payment, (draft.now(), record.actor), place),
            kind @ (PaymentKind::Void | PaymentKind::Refund) => Err(Refusal::OfNewOrder { kind }.at(place.field(Field::Kind))),
        };
        draft.pass(result)?;
    }
    order_decision.orders.extend(progress.orders.into_values());
    Ok(PaymentDecision { facts: progress.facts, with_document: true })
}

/// Records the refunds of a return that the same command creates and closes: its orders are written
/// with their sums, which their own events have.
pub(super) fn decide_refunds(
    basis: Basis<'_>,
    draft: &mut Draft<'_>,
    changed: &mut OrderDecision,
    facts: impl IntoIterator<Item = (NewPayment, At)>,
    actor: Actor,
) -> Result<PaymentDecision, Rejection> {
    let now = draft.now();
    let orders = changed.orders.drain(..).map(|order| (order.id, order)).collect();
    let mut progress = Progress { basis, call_payments: PaymentBook::default(), orders, facts: Vec::new() };
    for (new_payment, place) in facts {
        let result = progress.add(&new_payment, (now, actor), place);
        draft.pass(result)?;
    }
    changed.orders.extend(progress.orders.into_values());
    apply_hold_rules(basis.orders, now, changed);
    Ok(PaymentDecision { facts: progress.facts, with_document: true })
}

impl Progress<'_> {
    fn add(&mut self, new_payment: &NewPayment, (now, actor): (Timestamp, Actor), place: At) -> Result<(), Rejection> {
        let at = |field: Field| place.field(field);
        let found_order = self.orders.get(&new_payment.order).or_else(|| self.basis.orders.orders.get(&new_payment.order));
        let mut order = found_order.ok_or_else(|| Rejection::not_found(Noun::Order, at(Field::Order)))?.clone();
        self.check_new(new_payment, at(Field::PaymentReference))?;
        check_payment(new_payment, &order, now, place)?;
        if self.earlier_payments_of(new_payment.order).count() >= MAX_PAYMENTS_PER_ORDER {
            return Err(Refusal::TooManyFacts { most: MAX_PAYMENTS_PER_ORDER }.at(at(Field::Order)));
        }
        let parent = self.parent(new_payment, place)?;
        self.check_amount(new_payment, &order, parent.as_ref(), place)?;
        let currency = order.total.currency;
        let sum = |previous_minor: i64| Money::new(previous_minor, currency).checked_add(new_payment.amount).map(|sum| sum.minor);
        let sum = |previous_minor: i64| sum(previous_minor).ok_or_else(|| Refusal::TooLarge.at(at(Field::Amount)));
        let minor = new_payment.amount.minor;
        match new_payment.kind {
            PaymentKind::Authorisation => order.paid.authorised = sum(order.paid.authorised)?,
            PaymentKind::Capture => {
                order.paid.captured = sum(order.paid.captured)?;
                order.paid.authorised -= if parent.is_some() { minor } else { 0 };
            }
            PaymentKind::Void => order.paid.authorised -= minor,
            PaymentKind::Refund => order.paid.refunded = sum(order.paid.refunded)?,
        }
        let payment = Payment {
            id: new_payment.id,
            order: new_payment.order,
            kind: new_payment.kind,
            amount: new_payment.amount,
            method: new_payment.method.clone(),
            reference: new_payment.reference.clone(),
            parent: new_payment.parent,
            sales_return: new_payment.sales_return,
            occurred_at: new_payment.occurred_at.unwrap_or(now),
            recorded_at: now,
            actor,
            note: new_payment.note.clone(),
            reverses: None,
        };
        self.call_payments.add(&payment);
        self.facts.push(PaymentFact { payment, store: order.store, channel: order.channel });
        self.orders.insert(order.id, order);
        Ok(())
    }

    /// Returns the payments of an order, the oldest first.
    fn earlier_payments_of(&self, order: OrderId) -> impl Iterator<Item = &Payment> {
        self.basis.payments.of_order(order).chain(self.call_payments.of_order(order))
    }

    /// Checks that the reference is new: a payment that is reported twice is recorded once, whichever idempotency keys are
    /// used.
    fn check_new(&self, new_payment: &NewPayment, at: At) -> Result<(), Rejection> {
        let Some(reference) = &new_payment.reference else { return Ok(()) };
        let name = ((new_payment.method.clone(), reference.clone()), new_payment.kind);
        if let Some(payment_id) = self.basis.payments.ids_by_reference.get(&name) {
            return Err(Refusal::Recorded(*payment_id).at(at));
        }
        if self.call_payments.ids_by_reference.contains_key(&name) { Err(Refusal::ReferenceTwice.at(at)) } else { Ok(()) }
    }

    /// Returns the parent payment that the input names, checked to be of the same order and of an
    /// allowed kind.
    fn parent(&self, new_payment: &NewPayment, place: At) -> Result<Option<Payment>, Rejection> {
        let at = place.field(Field::Parent);
        let parent_kind = match new_payment.kind {
            PaymentKind::Authorisation if new_payment.parent.is_some() => return Err(Refusal::ParentOfAuthorisation.at(at)),
            PaymentKind::Void if new_payment.parent.is_none() => return Err(Refusal::ParentUnsaid.at(at)),
            PaymentKind::Authorisation | PaymentKind::Capture | PaymentKind::Void => PaymentKind::Authorisation,
            PaymentKind::Refund => PaymentKind::Capture,
        };
        let Some(id) = new_payment.parent else { return Ok(None) };
        let parent = self.earlier_payments_of(new_payment.order).find(|fact| fact.id == id);
        let parent = parent.ok_or_else(|| Rejection::not_found(Noun::Payment, at))?;
        if parent.reverses.is_some() || self.earlier_payments_of(new_payment.order).any(|fact| fact.reverses == Some(id)) {
            return Err(Refusal::ParentReversed.at(at));
        }
        if parent.kind == parent_kind {
            Ok(Some(parent.clone()))
        } else {
            Err(Refusal::ParentKind { kind: new_payment.kind, of: parent_kind }.at(at))
        }
    }

    fn check_amount(
        &self,
        new_payment: &NewPayment,
        order: &Order,
        parent: Option<&Payment>,
        place: At,
    ) -> Result<(), Rejection> {
        let at = place.field(Field::Amount);
        let money = |minor: i64| Money::new(minor.max(0), order.total.currency);
        let limit_check = |remaining_minor: i64, refusal: fn(Money) -> Refusal| {
            if new_payment.amount.minor > remaining_minor { Err(refusal(money(remaining_minor)).at(at)) } else { Ok(()) }
        };
        // Rest of the parent payment: an authorisation is captured or voided, a capture is
        // refunded.
        let remaining_minor = parent.map(|parent| {
            let used_payments = self.earlier_payments_of(new_payment.order).filter(|fact| fact.parent == Some(parent.id));
            parent.amount.minor - used_payments.map(|fact| fact.amount.minor).sum::<i64>()
        });
        match new_payment.kind {
            PaymentKind::Authorisation => Ok(()),
            PaymentKind::Capture => {
                remaining_minor.map_or(Ok(()), |remaining_minor| limit_check(remaining_minor, Refusal::CaptureUpTo))
            }
            PaymentKind::Void => {
                remaining_minor.map_or(Ok(()), |remaining_minor| limit_check(remaining_minor, Refusal::VoidUpTo))
            }
            PaymentKind::Refund => {
                limit_check(order.paid.net_captured(), Refusal::RefundUpTo)?;
                remaining_minor.map_or(Ok(()), |remaining_minor| limit_check(remaining_minor, Refusal::RefundOfCaptureUpTo))?;
                self.refundable_of_return(new_payment, place)?
                    .map_or(Ok(()), |remaining_minor| limit_check(remaining_minor, Refusal::RefundOfReturnUpTo))
            }
        }
    }

    /// Returns the amount that may still be refunded for the return that the payment names, in
    /// minor units.
    fn refundable_of_return(&self, new_payment: &NewPayment, place: At) -> Result<Option<i64>, Rejection> {
        let Some(id) = new_payment.sales_return else { return Ok(None) };
        let at = place.field(Field::Return);
        let current_return = self.basis.new_return.filter(|current_return| current_return.id == id);
        let found_return = current_return.or_else(|| self.basis.returns.returns.get(&id));
        let found_return = found_return.ok_or_else(|| Rejection::not_found(Noun::Return, at))?;
        if !found_return.orders().contains(&new_payment.order) {
            return Err(Refusal::ReturnElsewhere.at(at));
        }
        let Some(refunded) = found_return.state.refunded() else { return Err(Refusal::ReturnOpen(found_return.status()).at(at)) };
        let refunded_in = |book: &PaymentBook| book.refunded.get(&id).copied().unwrap_or(0);
        Ok(Some(refunded.minor - refunded_in(self.basis.payments) - refunded_in(&self.call_payments)))
    }
}

/// Checks a payment on its own and against its order.
fn check_payment(new_payment: &NewPayment, order: &Order, now: Timestamp, place: At) -> Result<(), Rejection> {
    let at = |field: Field| place.field(field);
    if new_payment.amount.currency != order.total.currency {
        return Err(Refusal::OtherCurrency(order.total.currency).at(at(Field::Amount)));
    }
    if new_payment.amount.minor <= 0 {
        return Err(Refusal::NotPositive.at(at(Field::Amount)));
    }
    match new_payment.occurred_at {
        Some(moment) if moment > now.plus_seconds(MAX_CLOCK_SKEW_SECONDS) => return Err(Refusal::Ahead.at(at(Field::OccurredAt))),
        Some(moment) if moment.micros() < 0 => return Err(Refusal::TooEarly.at(at(Field::OccurredAt))),
        _ => {}
    }
    if new_payment.sales_return.is_some() && new_payment.kind != PaymentKind::Refund {
        return Err(Refusal::ReturnOfOther.at(at(Field::Return)));
    }
    if new_payment.kind == PaymentKind::Authorisation && order.status == OrderStatus::Expired {
        return Err(Refusal::OrderExpired.at(at(Field::Order)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_orders_of_a_call_have_is_bounded_by_its_sum() {
        assert_eq!(check_read_size(MAX_ROWS_PER_CALL), Ok(()));
        let why = Refusal::TooMuchRead { most: 20_000 }.at(At::input(Field::Payments));
        assert_eq!(check_read_size(MAX_ROWS_PER_CALL + 1), Err(why));
    }
}
