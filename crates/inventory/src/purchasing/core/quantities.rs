//! Arithmetic of a line's quantities, in whole smallest units.

use entity::prelude::*;

/// Returns this percentage of a quantity in whole smallest units, rounded down.
pub(super) fn percent(quantity: i64, percent: u8) -> i64 {
    (i128::from(quantity) * i128::from(percent) / 100) as i64
}

/// Converts a quantity that was computed from quantities in range.
pub(super) fn count(value: i64) -> Quantity {
    debug_assert!(value >= 0, "a line's counters never go below 0");
    Quantity::new(value.max(0)).unwrap_or(Quantity::ZERO)
}
