//! State that commands on payments are decided on, and the decision.

use std::collections::{BTreeSet, HashMap};

use entity::prelude::*;

use super::payment::Payment;

/// The method and the reference of a payment.
pub type Reference = (String, String);

/// Rows that commands on payments need besides orders and returns.
#[derive(Debug, Default)]
pub struct PaymentNeeds {
    pub orders: BTreeSet<OrderId>,
    /// Returns that refunds are for.
    pub returns: BTreeSet<ReturnId>,
    pub references: BTreeSet<Reference>,
}

impl PaymentNeeds {
    /// Locks are needed: other commands may add payments to the sums.
    pub fn needs_locks(&self) -> bool {
        !self.orders.is_empty()
    }
}

/// The payments that a batch has loaded.
#[derive(Debug, Clone, Default)]
pub struct PaymentBook {
    /// Payments of the orders that commands name, the oldest first.
    pub of_orders: HashMap<OrderId, Vec<Payment>>,
    /// Sums refunded for the returns that commands name, on any order, in minor units.
    pub refunded: HashMap<ReturnId, i64>,
    /// The existing payments with references that commands name.
    pub ids_by_reference: HashMap<(Reference, PaymentKind), PaymentId>,
}

/// A new payment, with the store and channel of its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentFact {
    pub payment: Payment,
    pub store: StoreId,
    pub channel: ChannelId,
}

/// Payments that an accepted command added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentDecision {
    /// In the order of the input; never empty.
    pub facts: Vec<PaymentFact>,
    /// True if their order or return was created in the same command, whose result is then that
    /// document.
    pub with_document: bool,
}

impl PaymentBook {
    /// Returns the payments of an order.
    pub fn of_order(&self, order: OrderId) -> impl Iterator<Item = &Payment> {
        self.of_orders.get(&order).into_iter().flatten()
    }

    /// Adds a fact.
    pub fn add(&mut self, payment: &Payment) {
        if let Some(reference) = &payment.reference {
            self.ids_by_reference.insert(((payment.method.clone(), reference.clone()), payment.kind), payment.id);
        }
        if let Some(sales_return) = payment.sales_return {
            *self.refunded.entry(sales_return).or_default() += payment.amount.minor;
        }
        self.of_orders.entry(payment.order).or_default().push(payment.clone());
    }
}
