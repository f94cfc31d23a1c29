//! A return as the rules see it: a document at any store, for one order, several or none.

use entity::prelude::*;

use super::refusal::ReturnStepRefusal;
use crate::{
    ledger::DocumentNumber,
    orders::core::count,
    stock::core::{At, Field, Noun, Rejection, RoomRefusal},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    pub id: ReturnId,
    pub number: DocumentNumber,
    pub state: ReturnState,
    pub store: StoreId,
    pub customer: Option<CustomerId>,
    pub external_ref: Option<String>,
    /// The customer's country at the request; the matched orders take precedence.
    pub country: Option<String>,
    /// True if it was received when it was created, and its goods inspected on receipt; None if
    /// that was not recorded.
    pub at_counter: Option<bool>,
    /// The register at which it was created, as the caller named it.
    pub register: Option<String>,
    /// Sum of the lines: the refund if all goods come back.
    pub refund: Money,
    pub note: Option<String>,
    pub occurred_at: Timestamp,
    pub business_date: i32,
    pub actor: Actor,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub lines: Vec<ReturnLine>,
}

/// State of a return, with the data that it has in this state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnState {
    Requested,
    Approved,
    Rejected {
        reason: String,
    },
    PartiallyReceived {
        /// Time of the last receipt.
        received_at: Timestamp,
    },
    /// No more goods are awaited.
    Received {
        received_at: Timestamp,
    },
    /// All received goods are inspected.
    Inspected {
        received_at: Timestamp,
    },
    Closed {
        received_at: Timestamp,
        /// Amount refunded in the end.
        refunded: Money,
    },
}

impl ReturnState {
    pub const fn status(&self) -> ReturnStatus {
        match self {
            Self::Requested => ReturnStatus::Requested,
            Self::Approved => ReturnStatus::Approved,
            Self::Rejected { .. } => ReturnStatus::Rejected,
            Self::PartiallyReceived { .. } => ReturnStatus::PartiallyReceived,
            Self::Received { .. } => ReturnStatus::Received,
            Self::Inspected { .. } => ReturnStatus::Inspected,
            Self::Closed { .. } => ReturnStatus::Closed,
        }
    }
    /// Returns the time of the last receipt.
    pub const fn received_at(&self) -> Option<Timestamp> {
        match self {
            Self::Requested | Self::Approved | Self::Rejected { .. } => None,
            Self::PartiallyReceived { received_at }
            | Self::Received { received_at }
            | Self::Inspected { received_at }
            | Self::Closed { received_at, .. } => Some(*received_at),
        }
    }
    /// Returns the amount refunded in the end.
    pub const fn refunded(&self) -> Option<Money> {
        match self {
            Self::Closed { refunded, .. } => Some(*refunded),
            _ => None,
        }
    }
    /// Returns the reason of the rejection.
    pub fn reject_reason(&self) -> Option<&str> {
        match self {
            Self::Rejected { reason } => Some(reason),
            _ => None,
        }
    }
}

impl Return {
    pub const fn status(&self) -> ReturnStatus {
        self.state.status()
    }
    /// Returns the refusal of a step that the return's state does not allow.
    pub(super) fn not_open(&self) -> Rejection {
        ReturnStepRefusal::Status(self.status()).at(At::input(Field::Id))
    }
    pub fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
    }
    /// Checks the version that the caller saw.
    pub fn expect(&self, version: Option<i64>) -> Result<(), Rejection> {
        match version {
            Some(expected) if expected != self.version => Err(Rejection::stale(Noun::Return, self.id.uuid(), self.version)),
            _ => Ok(()),
        }
    }
    /// True if any of its goods were inspected, on receipt or later.
    pub fn was_inspected(&self) -> bool {
        self.lines.iter().any(|line| line.kind == LineKind::Product && line.uninspected() < line.received.get())
    }
    pub fn line_mut(&mut self, position: u16) -> Option<&mut ReturnLine> {
        self.lines.iter_mut().find(|line| line.position == position)
    }
    /// Returns the orders of its lines, each once.
    pub fn orders(&self) -> Vec<OrderId> {
        let pieces = self.lines.iter().flat_map(|line| &line.matches);
        let mut orders: Vec<OrderId> = pieces.map(|piece| piece.line.split_line().0).collect();
        orders.sort_unstable();
        orders.dedup();
        orders
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnLine {
    pub position: u16,
    pub kind: LineKind,
    pub product: Option<ProductId>,
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    pub quantity: Quantity,
    pub unit_price: Money,
    pub total: Money,
    /// Requested disposition; for goods that were inspected by steps, the figures below have the
    /// actual one.
    pub disposition: Disposition,
    /// Received quantity; restocked + quarantined + written_off of it have been inspected.
    pub received: Quantity,
    pub restocked: Quantity,
    pub quarantined: Quantity,
    pub written_off: Quantity,
    pub matches: Vec<ReturnPiece>,
    /// Lots that were received by steps, if stock is kept by lots.
    pub lots: Vec<ReturnLot>,
    /// Quantities of other products that are received with it, all at once: the components of kits.
    pub parts: Vec<(ProductId, Quantity)>,
}

impl ReturnLine {
    /// Returns the quantity that has yet to come.
    pub fn awaited(&self) -> i64 {
        self.quantity.get() - self.received.get()
    }
    /// Returns the quantity that was received and not inspected; 0 for a charge.
    pub fn uninspected(&self) -> i64 {
        match self.kind {
            LineKind::Product => self.received.get() - self.restocked.get() - self.quarantined.get() - self.written_off.get(),
            LineKind::Charge => 0,
        }
    }
    /// Records an inspected quantity and its disposition.
    pub fn record_inspection(&mut self, disposition: Disposition, quantity: i64) {
        let inspected_units = match disposition {
            Disposition::Restock => &mut self.restocked,
            Disposition::Quarantine => &mut self.quarantined,
            Disposition::WriteOff => &mut self.written_off,
        };
        *inspected_units = count(inspected_units.get() + quantity);
    }
}

/// A piece of a return line that is matched with an order line, with its received quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnPiece {
    pub line: OrderLineId,
    pub quantity: Quantity,
    pub received: Quantity,
    /// Refund of a CLOSED return on the order, in minor units. The first piece of an order has it,
    /// the others 0; `None` if the amount was not stored.
    pub given: Option<i64>,
}

/// Received and inspected quantities of a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnLot {
    pub lot: LotId,
    pub received: Quantity,
    pub inspected: Quantity,
}
