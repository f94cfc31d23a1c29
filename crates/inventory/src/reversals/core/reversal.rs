//! A reversal as the rules see it.

use std::collections::{BTreeSet, HashMap};

use entity::prelude::*;
use uuid::Uuid;

use super::{choose::Part, mirror::Call};
use crate::{
    ledger::DocumentNumber,
    stock::core::{At, Draft, Field, LevelKey, ReferenceKind, Rejection},
};

/// What is reversed, and the document that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    pub kind: ReversedKind,
    /// A goods receipt, a movement of a transfer, a return to a supplier, a count, an order, a fulfilment, a return.
    pub part: Uuid,
    pub document: Uuid,
    pub store: StoreId,
    /// The other end of a transfer whose stock changes there, too.
    pub other_store: Option<StoreId>,
}

impl Subject {
    /// What `document` is the id of.
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
    /// A new one of what a call undid, at a moment in the local time of a level's store.
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

/// How much of an entry was mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReversalLine {
    /// The document's line; the product where lines have no ids.
    pub line: Uuid,
    pub movement: MovementId,
    pub movement_line: u16,
    pub product: ProductId,
    pub quantity: i64,
    /// The movement that reverses it.
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

/// One thing that a reversal changed: the same in a dry run and afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The TypeID of what changed.
    pub subject: String,
    pub kind: ReversalEffect,
    pub quantity: Option<i64>,
    pub money: Option<Money>,
    /// How it stood before, and how it stands now.
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

/// What commands need besides stock: how much of these movements has been reversed.
#[derive(Debug, Default)]
pub struct ReversalNeeds {
    pub movements: BTreeSet<MovementId>,
}

/// How much of each entry of the movements that were asked for has been reversed.
#[derive(Debug, Clone, Default)]
pub struct ReversalBook {
    pub reversed: HashMap<(MovementId, u16), i64>,
}

impl ReversalBook {
    /// Brings the book forward by an accepted decision.
    pub fn evolve(&mut self, decision: &ReversalDecision) {
        for line in &decision.reversal.lines {
            *self.reversed.entry((line.movement, line.movement_line)).or_default() += line.quantity;
        }
    }
}

/// What an accepted command made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReversalDecision {
    pub reversal: Reversal,
}
