//! Planned lines of a transfer, and the checks that creating and changing one share.

use entity::prelude::*;

use super::{
    refusal::Refusal,
    step::PlannedQuantity,
    transfer::{Line, Transfer, TransferBook},
};
use crate::stock::core::{At, Draft, Field, LevelKey, Rejection, RoomRefusal};

/// Reports products of the lines that do not exist, before all other checks.
pub(super) fn check_products_exist(
    draft: &mut Draft<'_>,
    (from, to): (StoreId, StoreId),
    lines: &[PlannedQuantity],
) -> Result<(), Rejection> {
    if draft.collects_refusals() {
        for (index, planned) in lines.iter().enumerate() {
            for store in [from, to] {
                draft.check_exists(LevelKey { product: planned.product, store }, At::line(index))?;
            }
        }
    }
    Ok(())
}

pub(super) fn duplicate_line(index: usize) -> Rejection {
    Refusal::ProductTwice.at(At::line(index).field(Field::Product))
}

pub(super) fn check_ref_is_free(book: &TransferBook, reference: Option<&String>) -> Result<(), Rejection> {
    match reference {
        Some(reference) if book.taken_refs.contains(reference) => {
            Err(Refusal::ReferenceTaken { reference: reference.clone() }.at(At::input(Field::ExternalRef)))
        }
        _ => Ok(()),
    }
}

/// Adds a quantity of a product to the transfer. Both stores must be able to stock it; `stores` are
/// their places in the input.
pub(super) fn add_planned_line(
    draft: &Draft<'_>,
    transfer: &mut Transfer,
    (index, planned): (usize, PlannedQuantity),
    stores: [At; 2],
) -> Result<(), Rejection> {
    if let Some(line) = transfer.lines.iter_mut().find(|line| line.product == planned.product) {
        line.quantity = planned.quantity;
        return Ok(());
    }
    let (product, [from, to]) = (At::line(index).field(Field::Product), stores);
    let key = LevelKey { product: planned.product, store: transfer.from };
    let facts = draft.stocked_at(key, (product, from))?.facts.clone();
    draft.stocked_at(LevelKey { store: transfer.to, ..key }, (product, to))?;
    let position = transfer.lines.len() as u16 + 1;
    transfer.lines.push(Line {
        position,
        product: planned.product,
        sku: facts.sku.clone(),
        name: facts.name.clone(),
        decimals: facts.decimals,
        quantity: planned.quantity,
        shipped: Quantity::ZERO,
        received: Quantity::ZERO,
        lost: Quantity::ZERO,
        unit_cost: None,
        lots: Vec::new(),
    });
    Ok(())
}
