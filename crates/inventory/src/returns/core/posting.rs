//! Postings of the steps of a return: their movement, the level of a line, and the place of a lot.

use entity::prelude::*;

use super::{
    sales_return::{Return, ReturnLine},
    step::ActOnReturn,
};
use crate::stock::core::{At, Draft, Field, LevelKey, MovementHead, Reference, ReferenceKind};

/// Returns the common head of a return's movements.
pub(super) fn return_head(act: &ActOnReturn, ret: &Return, what: (MovementId, MovementKind), at: Timestamp) -> MovementHead {
    MovementHead {
        id: what.0,
        kind: what.1,
        reason: Some(if what.1 == MovementKind::Removal { ReasonCode::Damage } else { ReasonCode::CustomerReturn }),
        note: act.note.clone(),
        external_ref: ret.external_ref.clone(),
        reference: Some(Reference { kind: ReferenceKind::Return, id: ret.id.uuid() }),
        actor: act.actor,
        reverses: None,
        occurred_at: at,
    }
}

/// Returns the level of a line's stock; `None` for an untracked product.
pub(super) fn stocked(draft: &Draft<'_>, ret: &Return, line: &ReturnLine) -> Option<LevelKey> {
    let key = LevelKey { product: line.product?, store: ret.store };
    let level = draft.level(key, At::NOWHERE).ok()?;
    (level.facts.policy != StockPolicy::Untracked).then_some(key)
}

/// Returns the field of the lot, next to that of the quantity.
pub(super) fn of_lot(field: At) -> At {
    field.field(Field::Lot)
}
