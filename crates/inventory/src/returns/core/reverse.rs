//! Reversing the refund of a closed return: it is INSPECTED again, and its orders' totals are as
//! before.

use std::collections::BTreeMap;

use entity::prelude::*;
use uuid::Uuid;

use super::{
    book::{ClosedSince, ReturnBasis, ReturnBook, ReturnOutcome, StateBefore, build_decision},
    needs::ReturnNeeds,
    refusal::ReturnStepRefusal,
    sales_return::{Return, ReturnPiece, ReturnState},
};
use crate::{
    ledger::{Books, Decide, Decision, DocumentNumber, EXCLUSIVE_WEIGHT, Needs},
    orders::core::{Order, OrderBook, OrderNeeds},
    returns::events::RETURN_REOPENED,
    reversals::core::{
        Call, DependencyReason, DependentDocument, Dependents, Effect, Refusal as ReversalRefusal, Reversal, ReversalDecision,
        Subject, needs as mirror_needs, status_effect,
    },
    stock::core::{At, Draft, Field, Noun, Reference, ReferenceKind, Rejection, RoomRefusal, check_moment},
};

/// A closed return to reopen. It moves no stock.
#[derive(Debug, Clone)]
pub struct ReverseRefund {
    pub ret: ReturnId,
    /// The orders of its lines, read before: they never change.
    pub orders: Vec<OrderId>,
    pub expected_version: Option<i64>,
    /// Time zone of the store that received it.
    pub time_zone: String,
    /// True if lines are named, which is refused: the reversal is always whole.
    pub has_lines: bool,
    pub call: Call,
}

#[derive(Debug, Clone)]
pub struct RefundReversal(pub Box<ReverseRefund>);

impl Decide for RefundReversal {
    fn name(&self) -> &'static str {
        "return.reverse"
    }

    /// The reversal reduces the settled quantities: it is decided in a batch of its own.
    fn weight(&self) -> usize {
        EXCLUSIVE_WEIGHT
    }

    fn needs(&self, needs: &mut Needs) {
        let ReverseRefund { ret, orders, call, .. } = self.0.as_ref();
        mirror_needs(needs, &[], call.on_shortage);
        needs.held_by_orders.extend(orders);
        needs.documents.with(|document_needs: &mut OrderNeeds| document_needs.orders.extend(orders));
        needs.documents.with(|document_needs: &mut ReturnNeeds| {
            document_needs.returns.insert(*ret);
            document_needs.reopened.insert(*ret);
        });
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let ((sales_return, orders), reversal) = books.read(|orders: &OrderBook| {
            books.read(|returns: &ReturnBook| decide(ReturnBasis { orders, returns }, draft, &self.0))
        })?;
        let mut decision = Decision::of(sales_return);
        if !orders.orders.is_empty() {
            decision.documents.put(orders);
        }
        decision.documents.put(ReversalDecision { reversal });
        Ok(decision)
    }
}

fn decide(basis: ReturnBasis<'_>, draft: &Draft<'_>, command: &ReverseRefund) -> Result<(ReturnOutcome, Reversal), Rejection> {
    let (call, field) = (&command.call, At::input(Field::Document));
    let missing = || Rejection::not_found(Noun::Document, field);
    let return_before = basis.returns.returns.get(&command.ret).ok_or_else(missing)?;
    return_before.expect(command.expected_version)?;
    if command.has_lines {
        return Err(ReversalRefusal::WholeOnly.at(At::input(Field::Lines)));
    }
    let ReturnState::Closed { received_at, refunded } = return_before.state else {
        return Err(ReturnStepRefusal::Status(return_before.status()).at(field));
    };
    check_no_dependents(basis.returns.since.get(&return_before.id))?;
    let occurred_at = call.moment(draft, return_before.updated_at)?;
    let business_date = check_moment(draft.book(), occurred_at, &command.time_zone)?;
    let (mut sales_return, mut orders) = (return_before.clone(), BTreeMap::new());
    for id in return_before.orders() {
        let amount = refund_on_order(return_before, id).ok_or_else(|| ReversalRefusal::SharesUnknown.at(field))?;
        if amount != 0 {
            let mut order: Order = basis.order(id).ok_or_else(missing)?.clone();
            order.paid.returned -= amount;
            order.touch(draft.now());
            orders.insert(id, order);
        }
    }
    sales_return.lines.iter_mut().flat_map(|line| &mut line.matches).for_each(|piece| piece.given = None);
    sales_return.state = ReturnState::Inspected { received_at };
    sales_return.touch(draft.now());
    let mut effects: Vec<Effect> =
        status_effect(&sales_return.id, &return_before.status(), &sales_return.status()).into_iter().collect();
    if refunded.minor != 0 {
        effects.push(Effect::money(&sales_return.id, ReversalEffect::Refunded, Money::new(-refunded.minor, refunded.currency)));
    }
    let id: Uuid = sales_return.id.uuid();
    let subject =
        Subject { kind: ReversedKind::ReturnRefund, part: id, document: id, store: sales_return.store, other_store: None };
    let reversal = Reversal {
        id: call.id,
        number: DocumentNumber::Pending,
        subject,
        note: call.note.clone(),
        actor: call.actor,
        occurred_at,
        business_date,
        created_at: draft.now(),
        lines: Vec::new(),
        effects,
    };
    Ok((build_decision(sales_return, Some(StateBefore::of(return_before)), RETURN_REOPENED, orders, call.actor), reversal))
}

/// Returns the refund that it gave on an order; `None` if the amount was not stored.
fn refund_on_order(sales_return: &Return, order: OrderId) -> Option<i64> {
    let is_of_order = |piece: &&ReturnPiece| {
        let (order_of_piece, _): (OrderId, u16) = piece.line.split_line();
        order_of_piece == order
    };
    sales_return.lines.iter().flat_map(|line| &line.matches).filter(is_of_order).map(|piece| piece.given).sum()
}

/// Refuses to reopen a return while a payment refunded it, or later returns were settled on its
/// amounts.
fn check_no_dependents(since: Option<&ClosedSince>) -> Result<(), Rejection> {
    let Some(since) = since else { return Ok(()) };
    let (reason, documents): (DependencyReason, Vec<DependentDocument>) = if !since.payments.is_empty() {
        (DependencyReason::Paid, since.payments.iter().copied().map(DependentDocument::Payment).collect())
    } else if !since.returns.is_empty() {
        let return_document =
            |return_id: &ReturnId| DependentDocument::Document(Reference { kind: ReferenceKind::Return, id: return_id.uuid() });
        (DependencyReason::LaterReturn, since.returns.iter().map(return_document).collect())
    } else {
        return Ok(());
    };
    let count = documents.len();
    let dependents = Dependents { why: reason, documents: documents.into_iter().take(10).collect(), count };
    Err(ReversalRefusal::InUse(dependents).at(At::input(Field::Document)))
}
