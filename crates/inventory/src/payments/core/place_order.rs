//! Placing an order with its first payments: both in one step, or neither.

use entity::prelude::*;

use super::{
    book::{PaymentBook, PaymentNeeds},
    record::{Basis, NewPayment, Record, decide_initial_payments},
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    orders::core::{OrderBook, OrderCommand},
    returns::core::ReturnBook,
    stock::core::{Draft, Rejection},
};

/// A new order, and its first payments.
#[derive(Debug, Clone)]
pub struct PlaceOrderWithPayments {
    pub order: OrderId,
    /// Creates the order.
    pub create: OrderCommand,
    pub record: Record,
}

impl Decide for PlaceOrderWithPayments {
    fn name(&self) -> &'static str {
        self.create.name()
    }

    fn weight(&self) -> usize {
        self.create.weight() + self.record.facts.len()
    }

    fn needs(&self, needs: &mut Needs) {
        self.create.needs(needs);
        needs.documents.with(|document_needs: &mut PaymentNeeds| {
            // The order has no payments yet, but references are looked up under the locks that an
            // order takes.
            document_needs.orders.insert(self.order);
            document_needs.references.extend(self.record.facts.iter().filter_map(NewPayment::reference_key));
        });
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let mut order_decision = books.read(|orders: &OrderBook| self.create.decide_without_hold_rules(orders, draft))?;
        let payment_decision = books.read(|orders: &OrderBook| {
            books.read(|returns: &ReturnBook| {
                books.read(|payments: &PaymentBook| {
                    decide_initial_payments(
                        Basis { orders, returns, payments, new_return: None },
                        draft,
                        &mut order_decision,
                        &self.record,
                    )
                })
            })
        })?;
        // The rules that set holds see the payments.
        books.read(|orders: &OrderBook| self.create.set_rule_holds(orders, draft.now(), &mut order_decision));
        let mut decision = Decision::of(order_decision);
        decision.documents.put(payment_decision);
        Ok(decision)
    }
}
