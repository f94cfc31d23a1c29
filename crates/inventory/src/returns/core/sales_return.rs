//! A return as the rules see it: a document of its own, at any store, from one order, several or none.

use entity::prelude::*;

use crate::{
    ledger::DocumentNumber,
    orders::core::count,
    stock::core::{Noun, Rejection},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    pub id: ReturnId,
    pub number: DocumentNumber,
    pub state: ReturnState,
    pub store: StoreId,
    pub customer: Option<CustomerId>,
    pub external_ref: Option<String>,
    /// Its customer's country when it was asked for; what it was matched with knows better.
    pub country: Option<String>,
    /// Whether it was taken in as it was created, and its goods looked at as they came; None where that was not kept.
    pub at_counter: Option<bool>,
    /// The register that it was created at, as its caller named it.
    pub register: Option<String>,
    /// The sum of its lines: what is given back when all of it comes.
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

/// Where a return stands, with what is known of it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnState {
    Requested,
    Approved,
    Rejected {
        reason: String,
    },
    PartiallyReceived {
        /// When something last came.
        received_at: Timestamp,
    },
    /// Nothing more will come.
    Received {
        received_at: Timestamp,
    },
    /// All that came was looked at.
    Inspected {
        received_at: Timestamp,
    },
    Closed {
        received_at: Timestamp,
        /// What was given back in the end.
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
    /// When something last came.
    pub const fn received_at(&self) -> Option<Timestamp> {
        match self {
            Self::Requested | Self::Approved | Self::Rejected { .. } => None,
            Self::PartiallyReceived { received_at }
            | Self::Received { received_at }
            | Self::Inspected { received_at }
            | Self::Closed { received_at, .. } => Some(*received_at),
        }
    }
    /// What was given back in the end.
    pub const fn refunded(&self) -> Option<Money> {
        match self {
            Self::Closed { refunded, .. } => Some(*refunded),
            _ => None,
        }
    }
    /// Why it may not come.
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
    /// Whether somebody looked at any of its goods, as they came or later.
    pub fn was_inspected(&self) -> bool {
        self.lines.iter().any(|line| line.kind == LineKind::Product && line.unseen() < line.received.get())
    }
    pub fn line_mut(&mut self, position: u16) -> Option<&mut ReturnLine> {
        self.lines.iter_mut().find(|line| line.position == position)
    }
    /// The orders that its lines go back on, each once.
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
    /// What is to become of it; of what was looked at by steps, the figures below say what did.
    pub disposition: Disposition,
    /// How much has come; of that, restocked + quarantined + written_off have been looked at.
    pub received: Quantity,
    pub restocked: Quantity,
    pub quarantined: Quantity,
    pub written_off: Quantity,
    pub matches: Vec<ReturnPiece>,
    /// Which lots came by steps, where stock is kept by lots.
    pub lots: Vec<ReturnLot>,
    /// What of other products comes into stock with it, all of it at once: the parts of kits.
    pub parts: Vec<(ProductId, Quantity)>,
}

impl ReturnLine {
    /// What has yet to come.
    pub fn awaited(&self) -> i64 {
        self.quantity.get() - self.received.get()
    }
    /// What has come and nobody has looked at. A charge is nothing to look at.
    pub fn unseen(&self) -> i64 {
        match self.kind {
            LineKind::Product => self.received.get() - self.restocked.get() - self.quarantined.get() - self.written_off.get(),
            LineKind::Charge => 0,
        }
    }
    /// Notes that so much of it was looked at, and what became of it.
    pub fn see(&mut self, disposition: Disposition, quantity: i64) {
        let seen = match disposition {
            Disposition::Restock => &mut self.restocked,
            Disposition::Quarantine => &mut self.quarantined,
            Disposition::WriteOff => &mut self.written_off,
        };
        *seen = count(seen.get() + quantity);
    }
}

/// A piece of a return line, which goes back on an order line, and how much of it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnPiece {
    pub line: OrderLineId,
    pub quantity: Quantity,
    pub received: Quantity,
    /// Of a CLOSED return: minor units that it gave back on the order. The first piece of an order has it, the others 0; None where it was not kept.
    pub given: Option<i64>,
}

/// How much came of a lot, and how much of that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnLot {
    pub lot: LotId,
    pub received: Quantity,
    pub inspected: Quantity,
}
