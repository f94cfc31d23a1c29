//! Kits on orders. A line stays the kit; its parts, as they were when the order was placed, are
//! taken from stock.

use std::collections::HashMap;

use entity::prelude::*;

use super::refusal::{LineRefusal, Refusal};
use crate::stock::core::{At, Draft, Facts, Field, LevelKey, Rejection, RoomRefusal};

/// Quantity of a product in one kit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub product: ProductId,
    /// SKU, as it was when the order was placed.
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    /// In smallest units.
    pub quantity: Quantity,
}

/// The current parts of the kits that a batch sells or takes back.
pub type Kits = HashMap<ProductId, Vec<Part>>;

/// Returns the parts of a line that is being placed; none if it is no kit.
pub(super) fn parts(
    kits: &Kits,
    facts: Option<&Facts>,
    (product, quantity): (Option<ProductId>, Quantity),
    place: At,
) -> Result<Vec<Part>, Rejection> {
    let (Some(facts), Some(product)) = (facts, product) else { return Ok(Vec::new()) };
    let Some(parts) = kits.get(&product) else {
        if facts.is_kit {
            return Err(Refusal::KitChanged { sku: facts.sku.clone() }.at(place.field(Field::Product)));
        }
        return Ok(Vec::new());
    };
    for part in parts {
        times(quantity.get(), part.quantity.get(), || place.field(Field::Quantity))?;
    }
    Ok(parts.clone())
}

/// Returns the quantity of a part in this many kits, in smallest units.
pub(crate) fn times(kits: i64, part_quantity: i64, field: impl FnOnce() -> At) -> Result<i64, Rejection> {
    let product_quantity = kits.checked_mul(part_quantity).and_then(Quantity::new).map(Quantity::get);
    product_quantity.ok_or_else(|| LineRefusal::KitsTooLarge.at(field()))
}

/// Returns the cost of one kit: the sum of its parts, or None unless all of them have a cost in one
/// currency.
pub(super) fn cost(draft: &Draft<'_>, store: StoreId, parts: &[Part]) -> Option<Money> {
    let cost = |part: &Part| {
        let facts = &draft.level(LevelKey { product: part.product, store }, At::NOWHERE).ok()?.facts;
        facts.cost?.times(part.quantity, facts.decimals)
    };
    let costs: Vec<Money> = parts.iter().map(cost).collect::<Option<_>>()?;
    let (first, rest) = costs.split_first()?;
    rest.iter().try_fold(*first, |sum, cost| sum.checked_add(*cost))
}
