//! Replenishment policy of a level: its reorder point, its maximum and its safety stock; and the
//! bin location of its product in the store.

use entity::prelude::*;

use crate::stock::core::{LevelKey, is_bin_location};

/// Change of a level's policy; `None` keeps a field, `Some(None)` clears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyItem {
    pub key: LevelKey,
    pub reorder_point: Option<Option<Quantity>>,
    pub maximum: Option<Option<Quantity>>,
    pub safety_stock: Option<Quantity>,
    pub bin_location: Option<Option<String>>,
}

/// Problem of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyProblem {
    Negative(&'static str),
    /// The reorder point would be above the maximum.
    PointAboveMaximum,
    BinLocation,
    Nothing,
}

/// Checks an item against the level's current values `(reorder point, maximum, safety stock)`, and
/// returns the new ones.
pub fn check_policy(
    item: &PolicyItem,
    now: (Option<Quantity>, Option<Quantity>, Quantity),
) -> Result<(Option<Quantity>, Option<Quantity>, Quantity), PolicyProblem> {
    if item.reorder_point.is_none() && item.maximum.is_none() && item.safety_stock.is_none() && item.bin_location.is_none() {
        return Err(PolicyProblem::Nothing);
    }
    if item.bin_location.iter().flatten().any(|bin| !is_bin_location(bin)) {
        return Err(PolicyProblem::BinLocation);
    }
    let reorder_level = item.reorder_point.unwrap_or(now.0);
    let maximum = item.maximum.unwrap_or(now.1);
    let safety = item.safety_stock.unwrap_or(now.2);
    for (name, value) in [("reorderPoint", reorder_level), ("maximum", maximum), ("safetyStock", Some(safety))] {
        if value.is_some_and(Quantity::is_negative) {
            return Err(PolicyProblem::Negative(name));
        }
    }
    match (reorder_level, maximum) {
        (Some(reorder_level), Some(maximum)) if reorder_level > maximum => Err(PolicyProblem::PointAboveMaximum),
        _ => Ok((reorder_level, maximum, safety)),
    }
}
