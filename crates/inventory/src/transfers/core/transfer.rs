//! A transfer as the rules see it.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;

use crate::stock::core::{Noun, Rejection};
use crate::transfers::events::{EventType, TransferEvent};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    pub id: TransferId,
    /// Per tenant, without gaps; 0 until it is written.
    pub number: i64,
    pub status: TransferStatus,
    /// Who sends.
    pub from: StoreId,
    /// Who receives.
    pub to: StoreId,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    /// When it should arrive.
    pub expected_at: Option<Timestamp>,
    pub shipped_at: Option<Timestamp>,
    /// When something last arrived.
    pub received_at: Option<Timestamp>,
    /// Why what did not arrive was written off.
    pub loss_reason: Option<ReasonCode>,
    pub loss_note: Option<String>,
    /// Who asked for it.
    pub actor: Actor,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// One a product. A line that was taken off a draft stays with quantity 0, so that its id never means something else.
    pub lines: Vec<Line>,
    /// How many of the lines have a row.
    pub written: usize,
    pub exists: bool,
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
    /// Whether it has a row.
    pub exists: bool,
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
    /// Where it stood before; None for a new one.
    pub before: Option<TransferStatus>,
}
