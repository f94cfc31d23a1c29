//! A return that is created and closed with its refunds: all in one step, or nothing.

use entity::prelude::*;

use super::{
    book::{PaymentBook, PaymentDecision, PaymentNeeds, Reference},
    record::{Basis, NewPayment, decide_refunds},
    refusal::Refusal,
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    orders::core::{OrderBook, OrderDecision, OrderNeeds},
    returns::core::{CreateReturn, ImmediateRefund, Return, ReturnBasis, ReturnBook, create_needs, decide_return},
    stock::core::{At, Draft, Field, Rejection, RoomRefusal},
};

/// A new return, and refunds for it.
#[derive(Debug, Clone)]
pub struct RefundReturn {
    /// The return, which is closed at once.
    pub create: CreateReturn,
    /// Refunds with their new IDs.
    pub refunds: Vec<(PaymentId, ImmediateRefund)>,
}

impl RefundReturn {
    fn orders(&self) -> impl Iterator<Item = OrderId> {
        self.create.lines.iter().flat_map(|line| &line.matches).map(|line_match| line_match.line.split_line().0)
    }

    /// Returns the refunds as payments of their orders.
    fn facts(&self, sales_return: &Return) -> Result<Vec<(NewPayment, At)>, Rejection> {
        let orders = sales_return.orders();
        let mut remaining_refund = sales_return.state.refunded().unwrap_or(Money::zero(sales_return.refund.currency));
        let mut facts = Vec::with_capacity(self.refunds.len());
        for (index, (id, new_refund)) in self.refunds.iter().enumerate() {
            let place = At::row(Field::Payments, index);
            let order = match (new_refund.order, orders.as_slice()) {
                (Some(requested_order), all) if all.contains(&requested_order) => requested_order,
                (Some(_), _) => return Err(Refusal::ReturnElsewhere.at(place.field(Field::OrderId))),
                (None, [only]) => *only,
                (None, _) => return Err(Refusal::OrderUnsaid.at(place.field(Field::OrderId))),
            };
            let amount = new_refund.amount.unwrap_or(remaining_refund);
            if new_refund.amount.is_none() && remaining_refund.minor <= 0 {
                return Err(Refusal::NothingLeft.at(place.field(Field::Amount)));
            }
            remaining_refund = Money::new(remaining_refund.minor.saturating_sub(amount.minor), remaining_refund.currency);
            facts.push((refund((*id, new_refund), sales_return.id, order, amount), place));
        }
        Ok(facts)
    }
}

fn refund((id, new_refund): (PaymentId, &ImmediateRefund), return_id: ReturnId, order: OrderId, amount: Money) -> NewPayment {
    NewPayment {
        id,
        order,
        kind: PaymentKind::Refund,
        amount,
        method: new_refund.method.clone(),
        reference: new_refund.reference.clone(),
        parent: new_refund.parent,
        sales_return: Some(return_id),
        occurred_at: new_refund.occurred_at,
        note: new_refund.note.clone(),
    }
}

impl Decide for RefundReturn {
    fn name(&self) -> &'static str {
        "return.create"
    }

    fn weight(&self) -> usize {
        self.create.lines.len() + self.refunds.len()
    }

    fn needs(&self, needs: &mut Needs) {
        create_needs(&self.create, needs);
        needs.documents.with(|document_needs: &mut OrderNeeds| {
            document_needs.holds.extend(self.orders());
            document_needs.hold_rules = true;
            document_needs.judged.extend(self.orders());
        });
        needs.documents.with(|document_needs: &mut PaymentNeeds| {
            document_needs.orders.extend(self.orders());
            document_needs.references.extend(self.refunds.iter().filter_map(|(_, new_refund)| reference_of(new_refund)));
        });
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let (sales_return, mut changed): (_, OrderDecision) = books.read(|orders: &OrderBook| {
            books.read(|returns: &ReturnBook| decide_return(ReturnBasis { orders, returns }, draft, &self.create))
        })?;
        let created_return = &sales_return.sales_return;
        let facts = self.facts(created_return)?;
        let payment_decision: PaymentDecision = books.read(|orders: &OrderBook| {
            books.read(|returns: &ReturnBook| {
                books.read(|payments: &PaymentBook| {
                    let basis = Basis { orders, returns, payments, new_return: Some(created_return) };
                    decide_refunds(basis, draft, &mut changed, facts, self.create.actor)
                })
            })
        })?;
        let mut decision = Decision::of(sales_return);
        decision.documents.put(changed);
        decision.documents.put(payment_decision);
        Ok(decision)
    }
}

/// Returns the method and the reference of a refund, if it has one.
fn reference_of(new_refund: &ImmediateRefund) -> Option<Reference> {
    Some((new_refund.method.clone(), new_refund.reference.clone()?))
}
