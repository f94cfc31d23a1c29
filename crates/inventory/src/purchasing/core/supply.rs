//! Catalogue of a supplier: their SKU of a product, its packs, its prices, and its lead time.

use entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The most price breaks of a row.
pub const MAX_PRICE_BREAKS: usize = 20;
/// Ten years: anything longer is a typing error.
pub const MAX_LEAD_TIME_DAYS: i32 = 3_650;
/// The most characters of a supplier's SKU.
const MAX_SUPPLIER_SKU_LENGTH: usize = 64;

/// A row of a supplier's catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supply {
    pub supplier: SupplierId,
    pub product: ProductId,
    pub supplier_sku: Option<String>,
    /// Smallest units in a pack: orders are whole packs.
    pub pack_size: Quantity,
    /// The least quantity that the supplier delivers, in smallest units.
    pub minimum_order: Quantity,
    /// None for the supplier's general lead time.
    pub lead_time_days: Option<i32>,
    /// For one whole unit.
    pub unit_cost: Money,
    /// Ascending by quantity.
    pub breaks: Vec<PriceBreak>,
    /// True if the product is bought from this supplier by default; at most one row of a product.
    pub is_preferred: bool,
    /// The row is not used for purchases since then; None while it is in use.
    pub archived_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Price of one whole unit from this quantity on, in minor units of the row's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceBreak {
    pub from: Quantity,
    pub minor: i64,
}

/// A row as callers describe it, with ids that exist.
#[derive(Debug, Clone)]
pub struct SupplyFields {
    pub supplier: SupplierId,
    pub product: ProductId,
    pub supplier_sku: Option<String>,
    pub pack_size: Quantity,
    pub minimum_order: Quantity,
    pub lead_time_days: Option<i32>,
    pub unit_cost: Money,
    pub breaks: Vec<(Quantity, Money)>,
    pub is_preferred: bool,
}

/// Problem of a catalogue row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SupplyProblem {
    NoSupplier,
    /// The row is new or becomes the preferred one, and its supplier is archived.
    SupplierArchived(Timestamp),
    NoProduct,
    Sku,
    PackSize,
    MinimumOrder,
    LeadTime,
    Cost,
    TooManyBreaks,
    /// Quantities of breaks must increase, from above 0, and their prices must be in the row's
    /// currency.
    Breaks,
    /// An earlier row of the call has the same supplier and product.
    Twice,
    /// Another row of the call is already the preferred one of this product.
    PreferredTwice,
    /// The supplier's catalogue has no such row.
    NoRow,
    /// An archived row cannot become the preferred one.
    Archived(Timestamp),
}

impl Supply {
    /// Returns the cost of one whole unit at this quantity: that of the last price break which it
    /// reaches.
    pub fn cost_at(&self, quantity: Quantity) -> Money {
        let reached_break = self.breaks.iter().rev().find(|price_break| price_break.from <= quantity);
        reached_break.map_or(self.unit_cost, |price_break| Money::new(price_break.minor, self.unit_cost.currency))
    }
    /// True if both rows have the same content; version and times are ignored.
    pub fn has_same_content(&self, other: &Self) -> bool {
        let comparable =
            |supply: &Self| Self { version: 0, created_at: Timestamp(0), updated_at: Timestamp(0), ..supply.clone() };
        comparable(self) == comparable(other)
    }
    /// Returns the row's next version, archived at that time or in use. An archived row is not
    /// preferred, and does not become so again when it is restored.
    #[must_use]
    pub fn archived(&self, archived_at: Option<Timestamp>, now: Timestamp) -> Self {
        let is_preferred = self.is_preferred && archived_at.is_none();
        Self { archived_at, is_preferred, version: self.version + 1, updated_at: now, ..self.clone() }
    }
}

/// Applies these fields to the existing row, and checks the result.
pub fn check_supply(fields: SupplyFields, before: Option<&Supply>, now: Timestamp) -> Result<Supply, SupplyProblem> {
    if fields
        .supplier_sku
        .as_ref()
        .is_some_and(|sku| sku.is_empty() || sku.contains('\0') || sku.chars().nth(MAX_SUPPLIER_SKU_LENGTH).is_some())
    {
        return Err(SupplyProblem::Sku);
    }
    if !fields.pack_size.is_positive() {
        return Err(SupplyProblem::PackSize);
    }
    if fields.minimum_order.is_negative() {
        return Err(SupplyProblem::MinimumOrder);
    }
    if fields.lead_time_days.is_some_and(|days| !(0..=MAX_LEAD_TIME_DAYS).contains(&days)) {
        return Err(SupplyProblem::LeadTime);
    }
    if fields.unit_cost.minor < 0 {
        return Err(SupplyProblem::Cost);
    }
    if fields.breaks.len() > MAX_PRICE_BREAKS {
        return Err(SupplyProblem::TooManyBreaks);
    }
    let is_ascending = fields.breaks.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let is_valid =
        |(from, cost): &(Quantity, Money)| from.is_positive() && cost.minor >= 0 && cost.currency == fields.unit_cost.currency;
    if !is_ascending || !fields.breaks.iter().all(is_valid) {
        return Err(SupplyProblem::Breaks);
    }
    Ok(Supply {
        supplier: fields.supplier,
        product: fields.product,
        supplier_sku: fields.supplier_sku,
        pack_size: fields.pack_size,
        minimum_order: fields.minimum_order,
        lead_time_days: fields.lead_time_days,
        unit_cost: fields.unit_cost,
        breaks: fields.breaks.iter().map(|(from, cost)| PriceBreak { from: *from, minor: cost.minor }).collect(),
        is_preferred: fields.is_preferred,
        archived_at: before.and_then(|row| row.archived_at),
        version: before.map_or(1, |row| row.version + 1),
        created_at: before.map_or(now, |row| row.created_at),
        updated_at: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> SupplyFields {
        let gbp = |minor| Money::new(minor, Currency::GBP);
        let q = |n| Quantity::new(n).unwrap();
        SupplyFields {
            supplier: SupplierId::NIL,
            product: ProductId::NIL,
            supplier_sku: Some("X-1".to_owned()),
            pack_size: q(12),
            minimum_order: q(24),
            lead_time_days: Some(5),
            unit_cost: gbp(100),
            breaks: vec![(q(50), gbp(90)), (q(100), gbp(80))],
            is_preferred: true,
        }
    }

    #[test]
    fn the_price_is_that_of_the_last_break_reached() {
        let supply = check_supply(fields(), None, Timestamp(1)).unwrap();
        let cost = |n| supply.cost_at(Quantity::new(n).unwrap()).minor;
        assert_eq!([cost(1), cost(49), cost(50), cost(99), cost(100), cost(5_000)], [100, 100, 90, 90, 80, 80]);
    }

    #[test]
    fn a_row_that_goes_out_of_use_is_preferred_no_longer() {
        let supply = check_supply(fields(), None, Timestamp(1)).unwrap();
        let gone = supply.archived(Some(Timestamp(2)), Timestamp(2));
        assert_eq!(
            (gone.archived_at, gone.is_preferred, gone.version, gone.updated_at),
            (Some(Timestamp(2)), false, 2, Timestamp(2))
        );
        // The row is corrected while it is archived, and is not preferred when it is restored.
        let corrected = check_supply(SupplyFields { is_preferred: false, ..fields() }, Some(&gone), Timestamp(3)).unwrap();
        assert_eq!((corrected.archived_at, corrected.version), (Some(Timestamp(2)), 3));
        let back = corrected.archived(None, Timestamp(4));
        assert_eq!((back.archived_at, back.is_preferred, back.version), (None, false, 4));
    }

    #[test]
    fn each_field_has_its_limits() {
        let refused = |change: fn(&mut SupplyFields)| {
            let mut wrong = fields();
            change(&mut wrong);
            check_supply(wrong, None, Timestamp(1)).unwrap_err()
        };
        assert_eq!(refused(|f| f.supplier_sku = Some(String::new())), SupplyProblem::Sku);
        assert_eq!(refused(|f| f.pack_size = Quantity::ZERO), SupplyProblem::PackSize);
        assert_eq!(refused(|f| f.minimum_order = Quantity::new(-1).unwrap()), SupplyProblem::MinimumOrder);
        assert_eq!(refused(|f| f.lead_time_days = Some(3_651)), SupplyProblem::LeadTime);
        assert_eq!(refused(|f| f.unit_cost.minor = -1), SupplyProblem::Cost);
        assert_eq!(refused(|f| f.breaks.reverse()), SupplyProblem::Breaks);
        assert_eq!(refused(|f| f.breaks[0].1.currency = Currency::parse("EUR").unwrap()), SupplyProblem::Breaks);
        assert_eq!(refused(|f| f.breaks = vec![f.breaks[0]; 21]), SupplyProblem::TooManyBreaks);
    }
}
