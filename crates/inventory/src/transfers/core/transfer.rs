//! A transfer as the rules see it.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;

use super::moves::Loss;
use crate::ledger::DocumentNumber;
use crate::stock::core::{Noun, Rejection};
use crate::transfers::events::{EventType, TransferEvent};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    pub id: TransferId,
    pub number: DocumentNumber,
    pub state: TransferState,
    /// Who sends.
    pub from: StoreId,
    /// Who receives.
    pub to: StoreId,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    /// When it should arrive.
    pub expected_at: Option<Timestamp>,
    /// The text of a JSON object of the tenant's own; None where none was given.
    pub metadata: Option<String>,
    /// Who asked for it.
    pub actor: Actor,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// One a product. A line that was taken off before the goods left stays with quantity 0, so that its id never means something else.
    pub lines: Vec<Line>,
}

/// Where a transfer stands, with what is known of it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferState {
    Draft,
    /// Its stock is held at the sender.
    Ready,
    InTransit {
        shipped_at: Timestamp,
    },
    PartiallyReceived {
        shipped_at: Timestamp,
        /// When something last arrived.
        received_at: Timestamp,
    },
    /// Nothing of it is under way any more.
    Received {
        shipped_at: Timestamp,
        end: TransferEnd,
    },
    Cancelled,
}

/// How a transfer that had left came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferEnd {
    /// Everything arrived, the last of it then.
    Arrived(Timestamp),
    /// The rest was written off; None where nothing had arrived.
    Lost(Loss, Option<Timestamp>),
}

impl TransferState {
    pub const fn status(&self) -> TransferStatus {
        match self {
            Self::Draft => TransferStatus::Draft,
            Self::Ready => TransferStatus::Ready,
            Self::InTransit { .. } => TransferStatus::InTransit,
            Self::PartiallyReceived { .. } => TransferStatus::PartiallyReceived,
            Self::Received { .. } => TransferStatus::Received,
            Self::Cancelled => TransferStatus::Cancelled,
        }
    }
    pub const fn shipped_at(&self) -> Option<Timestamp> {
        match self {
            Self::Draft | Self::Ready | Self::Cancelled => None,
            Self::InTransit { shipped_at } | Self::PartiallyReceived { shipped_at, .. } | Self::Received { shipped_at, .. } => {
                Some(*shipped_at)
            }
        }
    }
    /// When something last arrived.
    pub const fn received_at(&self) -> Option<Timestamp> {
        match self {
            Self::PartiallyReceived { received_at, .. } => Some(*received_at),
            Self::Received { end: TransferEnd::Arrived(received_at), .. } => Some(*received_at),
            Self::Received { end: TransferEnd::Lost(_, received_at), .. } => *received_at,
            Self::Draft | Self::Ready | Self::InTransit { .. } | Self::Cancelled => None,
        }
    }
    /// Why what did not arrive was written off.
    pub const fn loss(&self) -> Option<&Loss> {
        match self {
            Self::Received { end: TransferEnd::Lost(loss, _), .. } => Some(loss),
            _ => None,
        }
    }
    /// When it left, and when something last arrived; None unless something may be under way.
    pub const fn under_way(&self) -> Option<(Timestamp, Option<Timestamp>)> {
        match self {
            Self::InTransit { shipped_at } => Some((*shipped_at, None)),
            Self::PartiallyReceived { shipped_at, received_at } => Some((*shipped_at, Some(*received_at))),
            Self::Draft | Self::Ready | Self::Received { .. } | Self::Cancelled => None,
        }
    }
}

/// How much of one product, and of which lots where it is kept by them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// 1-based.
    pub position: u16,
    pub product: ProductId,
    /// As they were when it was put on the transfer.
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    /// What is to go; in smallest units, like the others.
    pub quantity: Quantity,
    /// What left.
    pub shipped: Quantity,
    pub received: Quantity,
    pub lost: Quantity,
    /// What one whole unit cost when it left: it arrives at the same.
    pub unit_cost: Option<Money>,
    /// What left by lot: they sum to the figures above. Empty where nothing left, and where stock is not kept by lots.
    pub lots: Vec<SentLot>,
}

/// What left of one lot, and what has become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentLot {
    pub lot: LotId,
    pub shipped: i64,
    pub received: i64,
    pub lost: i64,
}

impl SentLot {
    /// What left and is neither here nor lost.
    pub fn under_way(&self) -> i64 {
        self.shipped - self.received - self.lost
    }
}

impl Line {
    /// What left and is neither here nor lost.
    pub fn under_way(&self) -> i64 {
        self.shipped.get() - self.received.get() - self.lost.get()
    }
}

impl Transfer {
    pub const fn status(&self) -> TransferStatus {
        self.state.status()
    }
    pub fn line_id(&self, position: u16) -> TransferLineId {
        self.id.line(position)
    }
    /// The lines that say something.
    pub fn live(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.quantity.is_positive())
    }
    pub fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
    }
    /// Checks the version that the caller saw.
    pub fn expect(&self, version: Option<i64>) -> Result<(), Rejection> {
        match version {
            Some(expected) if expected != self.version => Err(self.stale()),
            _ => Ok(()),
        }
    }
    pub(super) fn stale(&self) -> Rejection {
        Rejection::stale(Noun::Transfer, self.id.uuid(), self.version)
    }
}

/// The transfers that a batch has loaded and locked.
#[derive(Debug, Clone, Default)]
pub struct TransferBook {
    pub transfers: HashMap<TransferId, Transfer>,
    pub taken_refs: HashSet<String>,
}

impl TransferBook {
    /// Brings the transfers forward by an accepted decision.
    pub fn evolve(&mut self, decision: &TransferDecision) {
        let transfer = &decision.transfer;
        self.taken_refs.extend(transfer.external_ref.clone());
        self.transfers.insert(transfer.id, transfer.clone());
    }
}

/// What an accepted step made of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferDecision {
    pub transfer: Transfer,
    /// What the journal calls it.
    pub event: EventType<TransferEvent>,
    /// None for a new one.
    pub before: Option<Before>,
    /// How it was made, of a new one that did more at once: that is an event of its own.
    pub made: Option<Made>,
    /// Lots of lines that have not left after all: their rows go.
    pub unsent: Vec<(u16, LotId)>,
    /// The transfer as an edit found it.
    pub edited: Option<Box<Transfer>>,
}

/// How a transfer stood when it had been made, and nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    pub status: TransferStatus,
    pub version: i64,
}

/// What a step found of a transfer, and so what its rows are, before the first step of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    pub status: TransferStatus,
    /// How many lines it had.
    pub lines: usize,
}

impl Before {
    /// Whether it had left: then the lots of its lines have rows.
    pub const fn has_left(self) -> bool {
        matches!(self.status, TransferStatus::InTransit | TransferStatus::PartiallyReceived | TransferStatus::Received)
    }
}
