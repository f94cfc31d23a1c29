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
    returns::core::{CreateReturn, RefundAtOnce, Return, ReturnBasis, ReturnBook, create_needs, decide_return},
    stock::core::{At, Draft, Field, Rejection, RoomRefusal},
};

/// A new return, and refunds for it.
#[derive(Debug, Clone)]
pub struct RefundReturn {
    /// The return, which is closed at once.
    pub create: CreateReturn,
    /// Refunds with their new IDs.
    pub refunds: Vec<(PaymentId, RefundAtOnce)>,
}

impl RefundReturn {
    fn orders(&self) -> impl Iterator<Item = OrderId> {
        self.create.lines.iter().flat_map(|line| &line.matches).map(|piece| piece.line.split_line().0)
    }

    /// Returns the refunds as payments of their orders.
    fn facts(&self, made: &Return) -> Result<Vec<(NewPayment, At)>, Rejection> {
        let orders = made.orders();
        let mut left = made.state.refunded().unwrap_or(Money::zero(made.refund.currency));
        let mut facts = Vec::with_capacity(self.refunds.len());
        for (index, (id, new)) in self.refunds.iter().enumerate() {
            let place = At::row(Field::Payments, index);
            let order = match (new.order, orders.as_slice()) {
                (Some(named), all) if all.contains(&named) => named,
                (Some(_), _) => return Err(Refusal::ReturnElsewhere.at(place.field(Field::OrderId))),
                (None, [only]) => *only,
                (None, _) => return Err(Refusal::OrderUnsaid.at(place.field(Field::OrderId))),
            };
            let amount = new.amount.unwrap_or(left);
            if new.amount.is_none() && left.minor <= 0 {
                return Err(Refusal::NothingLeft.at(place.field(Field::Amount)));
            }
            left = Money::new(left.minor.saturating_sub(amount.minor), left.currency);
            facts.push((refund((*id, new), made.id, order, amount), place));
        }
        Ok(facts)
    }
}

fn refund((id, new): (PaymentId, &RefundAtOnce), made: ReturnId, order: OrderId, amount: Money) -> NewPayment {
    NewPayment {
        id,
        order,
        kind: PaymentKind::Refund,
        amount,
        method: new.method.clone(),
        reference: new.reference.clone(),
        parent: new.parent,
        sales_return: Some(made),
        occurred_at: new.occurred_at,
        note: new.note.clone(),
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
        needs.documents.with(|own: &mut OrderNeeds| {
            own.holds.extend(self.orders());
            own.hold_rules = true;
            own.judged.extend(self.orders());
        });
        needs.documents.with(|own: &mut PaymentNeeds| {
            own.orders.extend(self.orders());
            own.references.extend(self.refunds.iter().filter_map(|(_, new)| named(new)));
        });
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let (sales_return, mut changed): (_, OrderDecision) = books.read(|orders: &OrderBook| {
            books.read(|returns: &ReturnBook| decide_return(ReturnBasis { orders, returns }, draft, &self.create))
        })?;
        let made = &sales_return.sales_return;
        let facts = self.facts(made)?;
        let paid: PaymentDecision = books.read(|orders: &OrderBook| {
            books.read(|returns: &ReturnBook| {
                books.read(|payments: &PaymentBook| {
                    let basis = Basis { orders, returns, payments, made: Some(made) };
                    decide_refunds(basis, draft, &mut changed, facts, self.create.actor)
                })
            })
        })?;
        let mut decision = Decision::of(sales_return);
        decision.documents.put(changed);
        decision.documents.put(paid);
        Ok(decision)
    }
}

/// Returns the method and the reference of a refund, if it has one.
fn named(new: &RefundAtOnce) -> Option<Reference> {
    Some((new.method.clone(), new.reference.clone()?))
}
