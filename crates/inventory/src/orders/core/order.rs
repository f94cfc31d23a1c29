//! Orders and their shipments: the state that their rules decide on.

use entity::prelude::*;

use super::{line::Line, paid::Paid};
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
    pub paid: Paid,
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
    pub fn derived_paid(&self) -> Paid {
        if self.lines.is_empty() { self.paid } else { self.paid.with_statuses(self.net_total().minor) }
    }
}

/// A shipment of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fulfilment {
    pub id: FulfilmentId,
    pub order: OrderId,
    pub store: StoreId,
    pub status: FulfilmentStatus,
    pub shipped_at: Option<Timestamp>,
    /// The store's work that was shipped; None for a shipment without a work.
    pub work: Option<FulfilmentWorkId>,
    pub delivered_at: Option<Timestamp>,
    /// Time at which a failed delivery was reported, and its reason.
    pub failed_at: Option<Timestamp>,
    pub failed_reason: Option<String>,
    pub lines: Vec<FulfilmentLine>,
}

impl Fulfilment {
    /// Creates a fulfilment of goods that leave now.
    pub fn shipped((id, order): (FulfilmentId, OrderId), store: StoreId, at: Timestamp, lines: Vec<FulfilmentLine>) -> Self {
        Self {
            id,
            order,
            store,
            status: FulfilmentStatus::Shipped,
            shipped_at: Some(at),
            work: None,
            delivered_at: None,
            failed_at: None,
            failed_reason: None,
            lines,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FulfilmentLine {
    pub position: u16,
    pub quantity: Quantity,
}
