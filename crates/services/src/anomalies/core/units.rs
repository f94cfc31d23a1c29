//! Conversion of smallest units to whole ones, and the cost of units.

use entity::prelude::*;

/// Smallest units in a whole one.
pub(super) fn smallest_units_per_whole(decimals: i32) -> f64 {
    10_f64.powi(decimals)
}

/// Converts smallest units to whole ones, which the rule uses.
pub fn whole_units(units: i64, decimals: i32) -> f64 {
    units as f64 / smallest_units_per_whole(decimals)
}

/// Returns the cost of units from the cost of a whole one; `None` if that is unknown.
pub(super) fn units_cost(cost: Option<Money>, units: i64, decimals: i32) -> Option<Money> {
    cost?.times(Quantity::new(units)?, u8::try_from(decimals).ok()?).filter(|value| value.minor >= 0)
}
