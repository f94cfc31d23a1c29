//! What payments are decided on, and what becomes of them.

use std::collections::{BTreeSet, HashMap};

use entity::prelude::*;

use super::payment::Payment;

/// The method and the reference of a fact.
pub type Reference = (String, String);

/// What commands on payments need besides orders and returns.
#[derive(Debug, Default)]
pub struct PaymentNeeds {
    pub orders: BTreeSet<OrderId>,
    /// Returns that refunds are for.
    pub returns: BTreeSet<ReturnId>,
    pub references: BTreeSet<Reference>,
}

impl PaymentNeeds {
    /// Sums are of facts that others add.
    pub fn needs_locks(&self) -> bool {
        !self.orders.is_empty()
    }
}

/// The facts that a batch has loaded.
#[derive(Debug, Clone, Default)]
pub struct PaymentBook {
    /// Of the orders that commands name, the oldest first.
    pub of_orders: HashMap<OrderId, Vec<Payment>>,
    /// What was refunded for the returns that commands name, on whichever order, in minor units.
    pub refunded: HashMap<ReturnId, i64>,
    /// The facts that have the references that commands name.
    pub taken: HashMap<(Reference, PaymentKind), PaymentId>,
}

/// A new fact, and where its order belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub payment: Payment,
    pub store: StoreId,
    pub channel: ChannelId,
}

/// What an accepted command added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentDecision {
    /// In the order of the input; never empty.
    pub facts: Vec<Recorded>,
    /// Whether their order or return was created with them: then that is what the command made.
    pub with_document: bool,
}

impl PaymentBook {
    /// The facts of an order.
    pub fn of_order(&self, order: OrderId) -> impl Iterator<Item = &Payment> {
        self.of_orders.get(&order).into_iter().flatten()
    }

    /// Adds a fact.
    pub fn add(&mut self, payment: &Payment) {
        if let Some(reference) = &payment.reference {
            self.taken.insert(((payment.method.clone(), reference.clone()), payment.kind), payment.id);
        }
        if let Some(sales_return) = payment.sales_return {
            *self.refunded.entry(sales_return).or_default() += payment.amount.minor;
        }
        self.of_orders.entry(payment.order).or_default().push(payment.clone());
    }
}
