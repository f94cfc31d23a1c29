//! Reversals: their common input, and the state that their rules decide on.

use std::collections::{BTreeSet, HashMap};

use entity::prelude::*;
use uuid::Uuid;

use super::refusal::Refusal;
use crate::{
    ledger::DocumentNumber,
    stock::core::{At, Draft, Entry, Field, LevelKey, ReferenceKind, Rejection, RoomRefusal, Shortage},
};

/// Subject of a reversal, and the document that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    pub kind: ReversedKind,
    /// ID of the reversed part: a goods receipt, a movement of a transfer, a return to a supplier,
    /// a count, an order, a fulfilment, or a return.
    pub part: Uuid,
    pub document: Uuid,
    pub store: StoreId,
    /// The other store of a transfer, if its stock changes too.
    pub other_store: Option<StoreId>,
}

impl Subject {
    /// Returns the kind of document that `document` is the ID of.
    pub const fn document_kind(&self) -> ReferenceKind {
        match self.kind {
            ReversedKind::GoodsReceipt => ReferenceKind::PurchaseOrder,
            ReversedKind::TransferShipment | ReversedKind::TransferReceipt | ReversedKind::TransferClose => {
                ReferenceKind::Transfer
            }
            ReversedKind::SupplierReturn => ReferenceKind::SupplierReturn,
            ReversedKind::Count => ReferenceKind::Count,
            ReversedKind::Sale | ReversedKind::Shipment => ReferenceKind::Order,
            ReversedKind::ReturnRefund | ReversedKind::ReturnReceipt | ReversedKind::ReturnInspection => ReferenceKind::Return,
        }
    }
}

/// Common arguments of all reversals.
#[derive(Debug, Clone)]
pub struct Call {
    pub id: ReversalId,
    pub note: String,
    pub actor: Actor,
    /// None for now.
    pub occurred_at: Option<Timestamp>,
    pub on_shortage: Shortage,
    /// IDs of two movements for each original one: one that shortens reservations, if needed, and
    /// the reversal itself.
    pub movements: Vec<[MovementId; 2]>,
}

impl Call {
    /// Returns the time of the reversal: not before that of the original, which may lie a moment
    /// ahead of this node's clock.
    pub fn moment(&self, draft: &Draft<'_>, original: Timestamp) -> Result<Timestamp, Rejection> {
        match self.occurred_at {
            None => Ok(draft.now().max(original)),
            Some(moment) if moment < original => Err(Refusal::BeforeOriginal.at(At::input(Field::OccurredAt))),
            Some(moment) => Ok(moment),
        }
    }
}

/// Quantity of an entry that is undone.
#[derive(Debug, Clone)]
pub struct Part {
    pub line: Uuid,
    pub movement: MovementId,
    pub entry: Entry,
    pub quantity: i64,
    pub field: At,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal {
    pub id: ReversalId,
    pub number: DocumentNumber,
    pub subject: Subject,
    pub note: String,
    pub actor: Actor,
    pub occurred_at: Timestamp,
    pub business_date: i32,
    pub created_at: Timestamp,
    pub lines: Vec<ReversalLine>,
    pub effects: Vec<Effect>,
}

impl Reversal {
    /// Creates the reversal of a call, at a time in the time zone of a level's store.
    pub fn of(
        draft: &Draft<'_>,
        (call, subject): (&Call, Subject),
        (occurred_at, at): (Timestamp, LevelKey),
        lines: Vec<ReversalLine>,
        effects: Vec<Effect>,
    ) -> Result<Self, Rejection> {
        Ok(Self {
            id: call.id,
            number: DocumentNumber::Pending,
            subject,
            note: call.note.clone(),
            actor: call.actor,
            occurred_at,
            business_date: draft.business_date(occurred_at, at, At::input(Field::OccurredAt))?,
            created_at: draft.now(),
            lines,
            effects,
        })
    }
}

/// Quantity of an entry that was mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReversalLine {
    /// The document's line, or its product if lines have no IDs.
    pub line: Uuid,
    pub movement: MovementId,
    pub movement_line: u16,
    pub product: ProductId,
    pub quantity: i64,
    /// The movement that reverses the entry.
    pub mirror: MovementId,
}

impl ReversalLine {
    pub fn of(part: &Part, mirror: MovementId) -> Self {
        Self {
            line: part.line,
            movement: part.movement,
            movement_line: part.entry.line,
            product: part.entry.key.product,
            quantity: part.quantity,
            mirror,
        }
    }
}

/// A change made by a reversal: the same in a dry run and afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The TypeID of the changed object.
    pub subject: String,
    pub kind: ReversalEffect,
    pub quantity: Option<i64>,
    pub money: Option<Money>,
    /// Status before and after the reversal.
    pub status: Option<(String, String)>,
}

impl Effect {
    pub fn quantity(subject: &impl ToString, kind: ReversalEffect, quantity: i64) -> Self {
        Self { subject: subject.to_string(), kind, quantity: Some(quantity), money: None, status: None }
    }
    pub fn money(subject: &impl ToString, kind: ReversalEffect, money: Money) -> Self {
        Self { subject: subject.to_string(), kind, quantity: None, money: Some(money), status: None }
    }
}

/// Movements whose reversed quantities commands need.
#[derive(Debug, Default)]
pub struct ReversalNeeds {
    pub movements: BTreeSet<MovementId>,
}

/// Reversed quantities of the entries of the movements that commands need.
#[derive(Debug, Clone, Default)]
pub struct ReversalBook {
    pub reversed: HashMap<(MovementId, u16), i64>,
}

impl ReversalBook {
    /// Applies an accepted decision to the book.
    pub fn evolve(&mut self, decision: &ReversalDecision) {
        for line in &decision.reversal.lines {
            *self.reversed.entry((line.movement, line.movement_line)).or_default() += line.quantity;
        }
    }
}

/// Reversal that an accepted command created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReversalDecision {
    pub reversal: Reversal,
}
