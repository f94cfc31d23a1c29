//! Planned lines that callers name, and their levels.

use entity::prelude::*;

use super::input::TransferLine;
use crate::{
    ledger::{MissingReferences, Names},
    stock::core::{At, Field, LevelKey},
    transfers::core::PlannedQuantity,
};

/// Returns the lines with the products that their names resolve to.
pub(super) fn build_planned_lines(
    names: &Names,
    missing: &mut MissingReferences,
    lines: &[TransferLine],
) -> Vec<PlannedQuantity> {
    let plan = |(index, line): (usize, &TransferLine)| {
        let product = names.product(&line.product, || At::line(index).field(Field::Product));
        PlannedQuantity { product: missing.or_nil(product), quantity: line.quantity }
    };
    lines.iter().enumerate().map(plan).collect()
}

/// Returns the levels of the products at both stores.
pub(super) fn level_keys(products: impl Iterator<Item = ProductId>, from: StoreId, to: StoreId) -> Vec<LevelKey> {
    products.flat_map(|product| [from, to].map(|store| LevelKey { product, store })).collect()
}
