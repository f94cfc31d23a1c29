//! Recording payments: each is checked against those before it, and all of a call are recorded or none.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;

use super::{
    book::{PaymentBook, PaymentDecision, PaymentNeeds, Recorded, Reference},
    payment::Payment,
    refusal::Refusal,
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    orders::{
        core::{
            Order, OrderBook, OrderDecision, OrderFact, OrderNeeds, apply_hold_rules,
            holds::{self, Hold},
        },
        events::{ORDER_HOLD_LIFTED, ORDER_UPDATED},
    },
    returns::core::{Return, ReturnBook, ReturnNeeds},
    stock::core::{At, Draft, Field, Noun, Rejection, RoomRefusal},
};

/// Maximum payments of an order.
pub const MAX_PAYMENTS_PER_ORDER: usize = 1_000;
/// Maximum payments and lines of a call's orders together: all of them are read, and held in memory while the call is
/// decided.
pub const MAX_READ: usize = 20_000;
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
    pub(super) fn named(&self) -> Option<Reference> {
        Some((self.method.clone(), self.reference.clone()?))
    }
}

/// Checks that the payments and lines of a call's orders together are not too many to read.
///
/// # Errors
/// The call has to be split.
pub fn check_read_size(read: usize) -> Result<(), Rejection> {
    if read > MAX_READ { Err(Refusal::TooMuchRead { most: MAX_READ }.at(At::input(Field::Payments))) } else { Ok(()) }
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
        needs.documents.with(|own: &mut OrderNeeds| {
            own.orders.extend(&orders);
            own.holds.extend(&orders);
            own.hold_rules = true;
            own.judged.extend(&orders);
        });
        if !returns.is_empty() {
            needs.documents.with(|own: &mut ReturnNeeds| own.returns.extend(&returns));
        }
        needs.documents.with(|own: &mut PaymentNeeds| {
            own.orders.extend(&orders);
            own.returns.extend(&returns);
            own.references.extend(record.facts.iter().filter_map(NewPayment::named));
        });
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let Self::Record(record) = self;
        let now = draft.now();
        let (facts, orders) = books.read(|orders: &OrderBook| {
            books.read(|returns: &ReturnBook| {
                books.read(|payments: &PaymentBook| decide_record(Basis { orders, returns, payments, made: None }, now, record))
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
    pub made: Option<&'b Return>,
}

/// State of a call: the payments recorded so far, and their orders.
struct Progress<'b> {
    basis: Basis<'b>,
    /// The payments of the call itself.
    own: PaymentBook,
    orders: BTreeMap<OrderId, Order>,
    facts: Vec<Recorded>,
}

fn decide_record(basis: Basis<'_>, now: Timestamp, record: &Record) -> Result<(PaymentDecision, OrderDecision), Rejection> {
    if record.facts.is_empty() {
        return Err(Refusal::NoFacts.at(At::input(Field::Payments)));
    }
    let mut progress = Progress { basis, own: PaymentBook::default(), orders: BTreeMap::new(), facts: Vec::new() };
    for (index, new) in record.facts.iter().enumerate() {
        let place = if record.is_list { At::row(Field::Payments, index) } else { At::INPUT };
        progress.add(new, (now, record.actor), place)?;
    }
    let Progress { facts, orders, .. } = progress;
    Ok(build_decision(basis.orders, facts, orders, Vec::new(), (now, record.actor)))
}

/// Returns the decision on payments and on their orders, whose sums include them already. `lifted`
/// are holds that were released before and are written again.
pub(super) fn build_decision(
    book: &OrderBook,
    facts: Vec<Recorded>,
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
    let gained: BTreeSet<OrderId> = facts.iter().filter(|fact| is_gain(&fact.payment)).map(|fact| fact.payment.order).collect();
    let mut events = Vec::with_capacity(orders.len());
    for order in orders.values_mut() {
        order.touch(now);
        let fact = |kind| OrderFact { kind, order: order.id, before: Some(order.status), by: actor.into(), changed: Vec::new() };
        events.push(fact(ORDER_UPDATED));
        let paid = if gained.contains(&order.id) { paid_holds(book, order) } else { Vec::new() };
        events.extend(paid.iter().map(|_| fact(ORDER_HOLD_LIFTED)));
        lifted.extend(holds::lift(order, paid, (now, actor)));
    }
    let mut changed = OrderDecision { orders: orders.into_values().collect(), events, holds: lifted, ..OrderDecision::default() };
    apply_hold_rules(book, now, &mut changed);
    (PaymentDecision { facts, with_document: false }, changed)
}

/// Records the payments of an order that the same command places: the order is written with its
/// sums, and its own event has them.
pub(super) fn decide_initial_payments(
    basis: Basis<'_>,
    draft: &mut Draft<'_>,
    placed: &mut OrderDecision,
    record: &Record,
) -> Result<PaymentDecision, Rejection> {
    let orders = placed.orders.drain(..).map(|order| (order.id, order)).collect();
    let mut progress = Progress { basis, own: PaymentBook::default(), orders, facts: Vec::new() };
    for (index, new) in record.facts.iter().enumerate() {
        let place = At::row(Field::Payments, index);
        let added = match new.kind {
            PaymentKind::Authorisation | PaymentKind::Capture => progress.add(new, (draft.now(), record.actor), place),
            kind @ (PaymentKind::Void | PaymentKind::Refund) => Err(Refusal::OfNewOrder { kind }.at(place.field(Field::Kind))),
        };
        draft.pass(added)?;
    }
    placed.orders.extend(progress.orders.into_values());
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
    let mut progress = Progress { basis, own: PaymentBook::default(), orders, facts: Vec::new() };
    for (new, place) in facts {
        let added = progress.add(&new, (now, actor), place);
        draft.pass(added)?;
    }
    changed.orders.extend(progress.orders.into_values());
    apply_hold_rules(basis.orders, now, changed);
    Ok(PaymentDecision { facts: progress.facts, with_document: true })
}

/// Returns the holds that a capture lifts: those that wait for the payment, once the order's net
/// total is paid.
fn paid_holds(book: &OrderBook, order: &Order) -> Vec<Hold> {
    if order.balance().minor > 0 {
        return Vec::new();
    }
    let standing = book.holds.get(&order.id).into_iter().flatten();
    // The payment releases the hold, and nobody approved the order unpaid: the match for
    // non-payment is dropped.
    let paid = |hold: &Hold| Hold { matched: hold.matched.clone().filter(|of| of.refunded.is_none()), ..hold.clone() };
    standing.filter(|hold| hold.kind == holds::PAYMENT).map(paid).collect()
}

impl Progress<'_> {
    fn add(&mut self, new: &NewPayment, (now, actor): (Timestamp, Actor), place: At) -> Result<(), Rejection> {
        let at = |field: Field| place.field(field);
        let known = self.orders.get(&new.order).or_else(|| self.basis.orders.orders.get(&new.order));
        let mut order = known.ok_or_else(|| Rejection::not_found(Noun::Order, at(Field::Order)))?.clone();
        self.check_new(new, at(Field::PaymentReference))?;
        check_payment(new, &order, now, place)?;
        if self.earlier_payments_of(new.order).count() >= MAX_PAYMENTS_PER_ORDER {
            return Err(Refusal::TooManyFacts { most: MAX_PAYMENTS_PER_ORDER }.at(at(Field::Order)));
        }
        let parent = self.parent(new, place)?;
        self.check_amount(new, &order, parent.as_ref(), place)?;
        let currency = order.total.currency;
        let sum = |of: i64| Money::new(of, currency).checked_add(new.amount).map(|sum| sum.minor);
        let sum = |of: i64| sum(of).ok_or_else(|| Refusal::TooLarge.at(at(Field::Amount)));
        let minor = new.amount.minor;
        match new.kind {
            PaymentKind::Authorisation => order.paid.authorised = sum(order.paid.authorised)?,
            PaymentKind::Capture => {
                order.paid.captured = sum(order.paid.captured)?;
                order.paid.authorised -= if parent.is_some() { minor } else { 0 };
            }
            PaymentKind::Void => order.paid.authorised -= minor,
            PaymentKind::Refund => order.paid.refunded = sum(order.paid.refunded)?,
        }
        let payment = Payment {
            id: new.id,
            order: new.order,
            kind: new.kind,
            amount: new.amount,
            method: new.method.clone(),
            reference: new.reference.clone(),
            parent: new.parent,
            sales_return: new.sales_return,
            occurred_at: new.occurred_at.unwrap_or(now),
            recorded_at: now,
            actor,
            note: new.note.clone(),
            reverses: None,
        };
        self.own.add(&payment);
        self.facts.push(Recorded { payment, store: order.store, channel: order.channel });
        self.orders.insert(order.id, order);
        Ok(())
    }

    /// Returns the payments of an order, the oldest first.
    fn earlier_payments_of(&self, order: OrderId) -> impl Iterator<Item = &Payment> {
        self.basis.payments.of_order(order).chain(self.own.of_order(order))
    }

    /// Checks that the reference is new: a payment that is reported twice is recorded once, whichever idempotency keys are
    /// used.
    fn check_new(&self, new: &NewPayment, at: At) -> Result<(), Rejection> {
        let Some(reference) = &new.reference else { return Ok(()) };
        let name = ((new.method.clone(), reference.clone()), new.kind);
        if let Some(known) = self.basis.payments.taken.get(&name) {
            return Err(Refusal::Recorded(*known).at(at));
        }
        if self.own.taken.contains_key(&name) { Err(Refusal::ReferenceTwice.at(at)) } else { Ok(()) }
    }

    /// Returns the parent payment that the input names, checked to be of the same order and of an
    /// allowed kind.
    fn parent(&self, new: &NewPayment, place: At) -> Result<Option<Payment>, Rejection> {
        let at = place.field(Field::Parent);
        let of = match new.kind {
            PaymentKind::Authorisation if new.parent.is_some() => return Err(Refusal::ParentOfAuthorisation.at(at)),
            PaymentKind::Void if new.parent.is_none() => return Err(Refusal::ParentUnsaid.at(at)),
            PaymentKind::Authorisation | PaymentKind::Capture | PaymentKind::Void => PaymentKind::Authorisation,
            PaymentKind::Refund => PaymentKind::Capture,
        };
        let Some(id) = new.parent else { return Ok(None) };
        let parent = self.earlier_payments_of(new.order).find(|fact| fact.id == id);
        let parent = parent.ok_or_else(|| Rejection::not_found(Noun::Payment, at))?;
        if parent.reverses.is_some() || self.earlier_payments_of(new.order).any(|fact| fact.reverses == Some(id)) {
            return Err(Refusal::ParentReversed.at(at));
        }
        if parent.kind == of { Ok(Some(parent.clone())) } else { Err(Refusal::ParentKind { kind: new.kind, of }.at(at)) }
    }

    fn check_amount(&self, new: &NewPayment, order: &Order, parent: Option<&Payment>, place: At) -> Result<(), Rejection> {
        let at = place.field(Field::Amount);
        let money = |minor: i64| Money::new(minor.max(0), order.total.currency);
        let most = |left: i64, why: fn(Money) -> Refusal| {
            if new.amount.minor > left { Err(why(money(left)).at(at)) } else { Ok(()) }
        };
        // Rest of the parent payment: an authorisation is captured or voided, a capture is
        // refunded.
        let left = parent.map(|parent| {
            let spent = self.earlier_payments_of(new.order).filter(|fact| fact.parent == Some(parent.id));
            parent.amount.minor - spent.map(|fact| fact.amount.minor).sum::<i64>()
        });
        match new.kind {
            PaymentKind::Authorisation => Ok(()),
            PaymentKind::Capture => left.map_or(Ok(()), |left| most(left, Refusal::CaptureUpTo)),
            PaymentKind::Void => left.map_or(Ok(()), |left| most(left, Refusal::VoidUpTo)),
            PaymentKind::Refund => {
                most(order.paid.got(), Refusal::RefundUpTo)?;
                left.map_or(Ok(()), |left| most(left, Refusal::RefundOfCaptureUpTo))?;
                self.refundable_of_return(new, place)?.map_or(Ok(()), |left| most(left, Refusal::RefundOfReturnUpTo))
            }
        }
    }

    /// Returns the amount that may still be refunded for the return that the payment names, in
    /// minor units.
    fn refundable_of_return(&self, new: &NewPayment, place: At) -> Result<Option<i64>, Rejection> {
        let Some(id) = new.sales_return else { return Ok(None) };
        let at = place.field(Field::Return);
        let made = self.basis.made.filter(|made| made.id == id);
        let known = made.or_else(|| self.basis.returns.returns.get(&id));
        let known = known.ok_or_else(|| Rejection::not_found(Noun::Return, at))?;
        if !known.orders().contains(&new.order) {
            return Err(Refusal::ReturnElsewhere.at(at));
        }
        let Some(refunded) = known.state.refunded() else { return Err(Refusal::ReturnOpen(known.status()).at(at)) };
        let of = |book: &PaymentBook| book.refunded.get(&id).copied().unwrap_or(0);
        Ok(Some(refunded.minor - of(self.basis.payments) - of(&self.own)))
    }
}

/// Checks a payment on its own and against its order.
fn check_payment(new: &NewPayment, order: &Order, now: Timestamp, place: At) -> Result<(), Rejection> {
    let at = |field: Field| place.field(field);
    if new.amount.currency != order.total.currency {
        return Err(Refusal::OtherCurrency(order.total.currency).at(at(Field::Amount)));
    }
    if new.amount.minor <= 0 {
        return Err(Refusal::NotPositive.at(at(Field::Amount)));
    }
    match new.occurred_at {
        Some(moment) if moment > now.plus_seconds(MAX_CLOCK_SKEW_SECONDS) => return Err(Refusal::Ahead.at(at(Field::OccurredAt))),
        Some(moment) if moment.micros() < 0 => return Err(Refusal::TooEarly.at(at(Field::OccurredAt))),
        _ => {}
    }
    if new.sales_return.is_some() && new.kind != PaymentKind::Refund {
        return Err(Refusal::ReturnOfOther.at(at(Field::Return)));
    }
    if new.kind == PaymentKind::Authorisation && order.status == OrderStatus::Expired {
        return Err(Refusal::OrderExpired.at(at(Field::Order)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_orders_of_a_call_have_is_bounded_by_its_sum() {
        assert_eq!(check_read_size(MAX_READ), Ok(()));
        let why = Refusal::TooMuchRead { most: 20_000 }.at(At::input(Field::Payments));
        assert_eq!(check_read_size(MAX_READ + 1), Err(why));
    }
}
