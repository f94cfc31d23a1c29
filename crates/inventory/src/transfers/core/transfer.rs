//! A transfer as the rules see it.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;

use super::refusal::Refusal;
use crate::ledger::DocumentNumber;
use crate::stock::core::{At, Field, MovementHead, Noun, Reference, ReferenceKind, Rejection, RoomRefusal};
use crate::transfers::events::{EventType, TransferEvent};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    pub id: TransferId,
    pub number: DocumentNumber,
    pub state: TransferState,
    /// Store that sends.
    pub from: StoreId,
    /// Store that receives.
    pub to: StoreId,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    /// Expected time of arrival.
    pub expected_at: Option<Timestamp>,
    /// The text of a JSON object of the tenant's own data; None if there is none.
    pub metadata: Option<String>,
    /// Actor who created it.
    pub actor: Actor,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Lines, one for each product. A line that was removed before the goods were sent stays with
    /// quantity 0, so that its ID is never reused.
    pub lines: Vec<Line>,
}

/// State of a transfer, with the data that it has in this state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferState {
    Draft,
    /// Its stock is reserved at the sender.
    Ready,
    InTransit {
        shipped_at: Timestamp,
    },
    PartiallyReceived {
        shipped_at: Timestamp,
        /// Time of the last arrival.
        received_at: Timestamp,
    },
    /// No goods are under way any more.
    Received {
        shipped_at: Timestamp,
        end: TransferEnd,
    },
    Cancelled,
}

/// End of a shipped transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferEnd {
    /// All goods arrived, the last at this time.
    Arrived(Timestamp),
    /// The rest was written off; None if nothing had arrived.
    Lost(Loss, Option<Timestamp>),
}

/// Loss of all goods that are still under way: no more will arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    pub reason: ReasonCode,
    pub note: Option<String>,
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
    /// Returns the time of the last arrival.
    pub const fn received_at(&self) -> Option<Timestamp> {
        match self {
            Self::PartiallyReceived { received_at, .. } => Some(*received_at),
            Self::Received { end: TransferEnd::Arrived(received_at), .. } => Some(*received_at),
            Self::Received { end: TransferEnd::Lost(_, received_at), .. } => *received_at,
            Self::Draft | Self::Ready | Self::InTransit { .. } | Self::Cancelled => None,
        }
    }
    /// Returns the loss, if goods that did not arrive were written off.
    pub const fn loss(&self) -> Option<&Loss> {
        match self {
            Self::Received { end: TransferEnd::Lost(loss, _), .. } => Some(loss),
            _ => None,
        }
    }
    /// Returns the time of the shipment and of the last arrival; `None` unless goods may be in
    /// transit.
    pub const fn under_way(&self) -> Option<(Timestamp, Option<Timestamp>)> {
        match self {
            Self::InTransit { shipped_at } => Some((*shipped_at, None)),
            Self::PartiallyReceived { shipped_at, received_at } => Some((*shipped_at, Some(*received_at))),
            Self::Draft | Self::Ready | Self::Received { .. } | Self::Cancelled => None,
        }
    }
}

/// Quantity of one product, and its lots if it is kept by lots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// 1-based.
    pub position: u16,
    pub product: ProductId,
    /// SKU, name and decimals, as they were when the product was added to the transfer.
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    /// Planned quantity; in smallest units, like the others.
    pub quantity: Quantity,
    /// Quantity that left.
    pub shipped: Quantity,
    pub received: Quantity,
    pub lost: Quantity,
    /// Cost of one whole unit when it left: it arrives at the same.
    pub unit_cost: Option<Money>,
    /// Shipped lots: they sum to the figures above. Empty if nothing left, or if stock is not kept
    /// by lots.
    pub lots: Vec<SentLot>,
}

/// Shipped, received and lost quantities of one lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentLot {
    pub lot: LotId,
    pub shipped: i64,
    pub received: i64,
    pub lost: i64,
}

impl SentLot {
    /// Returns the quantity that left and neither arrived nor was lost.
    pub fn under_way(&self) -> i64 {
        self.shipped - self.received - self.lost
    }
}

impl Line {
    /// Returns the quantity that left and neither arrived nor was lost.
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
    /// Lines with a quantity above 0.
    pub fn nonzero_lines(&self) -> impl Iterator<Item = &Line> {
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
    /// Applies an accepted decision to the transfers.
    pub fn evolve(&mut self, decision: &TransferDecision) {
        let transfer = &decision.transfer;
        self.taken_refs.extend(transfer.external_ref.clone());
        self.transfers.insert(transfer.id, transfer.clone());
    }
}

/// Result of an accepted step of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferDecision {
    pub transfer: Transfer,
    /// Kind of the step's event in the journal.
    pub event: EventType<TransferEvent>,
    /// None for a new transfer.
    pub before: Option<StateBefore>,
    /// Creation of a transfer that took more steps in the same call, which is an event of its own;
    /// `None` for all other steps.
    pub made: Option<CreatedState>,
    /// Lots of lines that were not sent after all: their rows are deleted.
    pub unsent: Vec<(u16, LotId)>,
    /// The transfer before an edit.
    pub edited: Option<Box<Transfer>>,
}

/// Status and version of a transfer when it was created, before any other step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreatedState {
    pub status: TransferStatus,
    pub version: i64,
}

/// State of a transfer before a step; before the first step of a batch it is that of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateBefore {
    pub status: TransferStatus,
    /// Number of lines at that time.
    pub lines: usize,
}

impl StateBefore {
    /// Whether it had left: then the lots of its lines have rows.
    pub const fn has_shipped(self) -> bool {
        matches!(self.status, TransferStatus::InTransit | TransferStatus::PartiallyReceived | TransferStatus::Received)
    }
}

/// The refusal of a step that the transfer's state does not allow.
pub(super) fn not_open(transfer: &Transfer) -> Rejection {
    Refusal::Status(transfer.status()).at(At::input(Field::Id))
}

/// Returns the common head of a transfer's movements.
pub(super) fn head(id: MovementId, kind: MovementKind, transfer: &Transfer, at: (Actor, Timestamp)) -> MovementHead {
    MovementHead {
        id,
        kind,
        reason: None,
        note: None,
        external_ref: transfer.external_ref.clone(),
        reference: Some(Reference { kind: ReferenceKind::Transfer, id: transfer.id.uuid() }),
        actor: at.0,
        reverses: None,
        occurred_at: at.1,
    }
}

/// Converts a figure that was computed from figures in range.
pub(super) fn units(value: i64) -> Quantity {
    debug_assert!(value >= 0, "a line's figures never go below 0");
    Quantity::new(value.max(0)).unwrap_or(Quantity::ZERO)
}
