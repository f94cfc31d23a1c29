//! Orders: the state that their rules decide on.

use entity::prelude::*;

use super::{line::Line, paid::PaymentSums};
use crate::{
    ledger::DocumentNumber,
    stock::core::{Noun, Rejection},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub id: OrderId,
    pub number: DocumentNumber,
    pub status: OrderStatus,
    /// Store that sold the order.
    pub store: StoreId,
    pub channel: ChannelId,
    pub customer: Option<CustomerId>,
    pub external_ref: Option<String>,
    /// Country that the order was sold to: the stated one, else its customer's at that time. It
    /// stays when the customer changes.
    pub country: Option<String>,
    /// The register of the order, as the caller named it.
    pub register: Option<String>,
    pub total: Money,
    pub placed_at: Timestamp,
    pub business_date: i32,
    pub expires_at: Option<Timestamp>,
    pub actor: Actor,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Amounts paid and refunded.
    pub paid: PaymentSums,
    /// The kinds of the holds that are set, sorted: one for each hold.
    pub hold_kinds: Vec<String>,
    pub lines: Vec<Line>,
}

impl Order {
    pub fn line_id(&self, position: u16) -> OrderLineId {
        self.id.line(position)
    }
    /// Returns the sum of the lines without cancelled units.
    pub fn current_total(&self) -> Money {
        let sum = self.lines.iter().try_fold(Money::zero(self.total.currency), |sum, line| sum.checked_add(line.current_total()));
        sum.unwrap_or(self.total)
    }
    pub fn line_mut(&mut self, position: u16) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.position == position)
    }
    pub fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
    }
    /// Returns the status of an order that has shipped in part or in full.
    pub fn fulfilment_status(&self) -> OrderStatus {
        let outstanding = self.lines.iter().any(|line| line.outstanding() > 0);
        if outstanding { OrderStatus::PartiallyFulfilled } else { OrderStatus::Fulfilled }
    }
    /// True if the order has units that can be shipped now: backordered units cannot.
    pub fn has_open(&self) -> bool {
        self.lines.iter().any(|line| line.open.is_positive())
    }
    /// Checks the version that the caller saw.
    pub fn check_version(&self, version: Option<i64>) -> Result<(), Rejection> {
        match version {
            Some(expected) if expected != self.version => Err(Rejection::stale(Noun::Order, self.id.uuid(), self.version)),
            _ => Ok(()),
        }
    }
    /// Returns the current total of the order less the refunds of closed returns; its lines must be
    /// loaded.
    pub fn net_total(&self) -> Money {
        Money::new(self.current_total().minor - self.paid.returned, self.total.currency)
    }
    /// Returns the amount that the customer still owes; below 0, the amount owed to the customer.
    pub fn balance(&self) -> Money {
        Money::new(self.net_total().minor - self.paid.net_captured(), self.total.currency)
    }
    /// Returns the sums with their statuses: derived if the lines are loaded, else those of the
    /// row. Every order has lines.
    pub fn derived_paid(&self) -> PaymentSums {
        if self.lines.is_empty() { self.paid } else { self.paid.with_statuses(self.net_total().minor) }
    }
}
