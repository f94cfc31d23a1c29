//! Rows of reversals, of their lines and of their effects, with the conversions of each.

use entity::{
    prelude::*,
    record::Record,
    tables::{document_reversal, document_reversal_effect, document_reversal_line},
};
use uuid::Uuid;

use crate::{
    ledger::DocumentNumber,
    reversals::core::{Effect, Reversal, ReversalLine, Subject},
};

/// A reversal's row, without its lines.
#[derive(Record)]
#[record(of = document_reversal, alias = "r")]
pub(super) struct ReversalRow {
    id: ReversalId,
    pub number: i64,
    kind: ReversedKind,
    part_id: Uuid,
    document_id: Uuid,
    store_id: StoreId,
    other_store_id: Option<StoreId>,
    note: String,
    actor_kind: ActorKind,
    actor_id: Uuid,
    occurred_at: Timestamp,
    business_date: i32,
    created_at: Timestamp,
}

impl From<&Reversal> for ReversalRow {
    fn from(reversal: &Reversal) -> Self {
        let subject = reversal.subject;
        Self {
            id: reversal.id,
            number: reversal.number.get(),
            kind: subject.kind,
            part_id: subject.part,
            document_id: subject.document,
            store_id: subject.store,
            other_store_id: subject.other_store,
            note: reversal.note.clone(),
            actor_kind: reversal.actor.kind,
            actor_id: reversal.actor.id,
            occurred_at: reversal.occurred_at,
            business_date: reversal.business_date,
            created_at: reversal.created_at,
        }
    }
}

impl From<ReversalRow> for Reversal {
    fn from(row: ReversalRow) -> Self {
        Self {
            id: row.id,
            number: DocumentNumber::Given(row.number),
            subject: Subject {
                kind: row.kind,
                part: row.part_id,
                document: row.document_id,
                store: row.store_id,
                other_store: row.other_store_id,
            },
            note: row.note,
            actor: Actor { kind: row.actor_kind, id: row.actor_id },
            occurred_at: row.occurred_at,
            business_date: row.business_date,
            created_at: row.created_at,
            lines: Vec::new(),
            effects: Vec::new(),
        }
    }
}

#[derive(Record)]
#[record(of = document_reversal_line, alias = "l")]
pub(super) struct LineRow {
    pub reversal_id: ReversalId,
    pub position: i32,
    pub line_id: Uuid,
    pub movement_id: MovementId,
    pub movement_line: i32,
    pub product_id: ProductId,
    pub quantity: i64,
    pub mirror_id: MovementId,
}

impl LineRow {
    pub(super) fn of(reversal: ReversalId, position: i32, line: &ReversalLine) -> Self {
        Self {
            reversal_id: reversal,
            position,
            line_id: line.line,
            movement_id: line.movement,
            movement_line: line.movement_line.into(),
            product_id: line.product,
            quantity: line.quantity,
            mirror_id: line.mirror,
        }
    }
}

impl From<LineRow> for ReversalLine {
    fn from(row: LineRow) -> Self {
        Self {
            line: row.line_id,
            movement: row.movement_id,
            movement_line: row.movement_line as u16,
            product: row.product_id,
            quantity: row.quantity,
            mirror: row.mirror_id,
        }
    }
}

#[derive(Record)]
#[record(of = document_reversal_effect, alias = "e")]
pub(super) struct EffectRow {
    pub reversal_id: ReversalId,
    pub position: i32,
    pub subject: String,
    pub kind: ReversalEffect,
    pub quantity_delta: Option<i64>,
    pub money_minor: Option<i64>,
    pub currency: Option<String>,
    pub status_before: Option<String>,
    pub status_after: Option<String>,
}

impl EffectRow {
    pub(super) fn of(reversal: ReversalId, position: i32, effect: &Effect) -> Self {
        let (status_before, status_after) = effect.status.clone().unzip();
        Self {
            reversal_id: reversal,
            position,
            subject: effect.subject.clone(),
            kind: effect.kind,
            quantity_delta: effect.quantity,
            money_minor: effect.money.map(|money| money.minor),
            currency: effect.money.map(|money| money.currency.to_string()),
            status_before,
            status_after,
        }
    }
}

impl From<EffectRow> for Effect {
    fn from(row: EffectRow) -> Self {
        let currency = row.currency.as_deref().and_then(Currency::parse);
        Self {
            subject: row.subject,
            kind: row.kind,
            quantity: row.quantity_delta,
            money: row.money_minor.zip(currency).map(|(minor, currency)| Money::new(minor, currency)),
            status: row.status_before.zip(row.status_after),
        }
    }
}
