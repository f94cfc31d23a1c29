//! Steps of a command, each a change of one level's available quantity.

use super::{input_path::At, level::LevelKey, lot::LotChoice};

/// One step of a command that changes a level's available quantity.
pub struct Step {
    pub key: LevelKey,
    /// The change of `on_hand − unavailable − reserved`.
    pub available_delta: i64,
    /// The change of `on_hand` itself.
    pub on_hand_delta: i64,
    /// Changes by lot, as the lines name them; 0 for a lot of which units are only set aside. Empty
    /// if the moved units could not be sold.
    pub lots: Vec<(LotChoice, i64)>,
    pub field: At,
}

impl Step {
    /// A step that changes available stock.
    pub fn moves(key: LevelKey, delta: i64, lot: &LotChoice, field: At) -> Self {
        Self { key, available_delta: delta, on_hand_delta: delta, lots: vec![(lot.clone(), delta)], field }
    }
    /// Returns the units that it takes, as its caller counts them.
    pub(super) fn requested_quantity(&self) -> i64 {
        if self.on_hand_delta < 0 { -self.on_hand_delta } else { -self.available_delta }
    }
    /// Returns the units of these that are held for it.
    pub(super) fn held_units(&self) -> i64 {
        if self.on_hand_delta < 0 { (self.available_delta - self.on_hand_delta).max(0) } else { 0 }
    }
}
