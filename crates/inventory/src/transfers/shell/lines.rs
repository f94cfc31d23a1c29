//! Planned lines that callers name, and their levels.

use entity::prelude::*;

use super::input::TransferLine;
use crate::{
    ledger::{Missing, Names},
    stock::core::{At, Field, LevelKey},
    transfers::core::Planned,
};

/// Returns the lines with the products that their names resolve to.
pub(super) fn build_planned_lines(names: &Names, missing: &mut Missing, lines: &[TransferLine]) -> Vec<Planned> {
    let plan = |(index, line): (usize, &TransferLine)| {
        let product = names.product(&line.product, || At::line(index).field(Field::Product));
        Planned { product: missing.or_nil(product), quantity: line.quantity }
    };
    lines.iter().enumerate().map(plan).collect()
}

/// Returns the levels of the products at both stores.
pub(super) fn level_keys(products: impl Iterator<Item = ProductId>, from: StoreId, to: StoreId) -> Vec<LevelKey> {
    products.flat_map(|product| [from, to].map(|store| LevelKey { product, store })).collect()
}
