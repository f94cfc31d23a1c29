//! Postings of the steps of a return: their movement, the level of a line, and the place of a lot.

use entity::prelude::*;

use super::{
    sales_return::{Return, ReturnLine},
    step::ActOnReturn,
};
use crate::stock::core::{At, Draft, Field, LevelKey, MovementHead, Reference, ReferenceKind};

/// Returns the common head of a return's movements.
pub(super) fn return_head(
    command: &ActOnReturn,
    sales_return: &Return,
    movement: (MovementId, MovementKind),
    at: Timestamp,
) -> MovementHead {
    MovementHead {
        id: movement.0,
        kind: movement.1,
        reason: Some(if movement.1 == MovementKind::Removal { ReasonCode::Damage } else { ReasonCode::CustomerReturn }),
        note: command.note.clone(),
        external_ref: sales_return.external_ref.clone(),
        reference: Some(Reference { kind: ReferenceKind::Return, id: sales_return.id.uuid() }),
        actor: command.actor,
        reverses: None,
        occurred_at: at,
    }
}

/// Returns the level of a line's stock; `None` for an untracked product.
pub(super) fn find_stocked_level(draft: &Draft<'_>, sales_return: &Return, line: &ReturnLine) -> Option<LevelKey> {
    let key = LevelKey { product: line.product?, store: sales_return.store };
    let level = draft.level(key, At::NOWHERE).ok()?;
    (level.facts.policy != StockPolicy::Untracked).then_some(key)
}

/// Returns the field of the lot, next to that of the quantity.
pub(super) fn lot_field(field: At) -> At {
    field.field(Field::Lot)
}
