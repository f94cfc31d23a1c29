//! A line of an order as its command names it, and the source of its cost.

use entity::prelude::*;

use super::supply::Supply;

/// Source of the costs of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prices {
    /// The input may state costs.
    Stated,
    /// Only catalogue costs are used.
    Listed,
}

#[derive(Debug, Clone)]
pub struct NewLine {
    /// Index of the line in the input, for refusals: one list may result in several orders.
    pub place: usize,
    pub product: ProductId,
    pub quantity: Quantity,
    /// Cost of one whole unit; None for the price of the supplier's catalogue for this quantity,
    /// else the product's own cost.
    pub unit_cost: Option<Money>,
    /// Terms of the product in the supplier's catalogue.
    pub supply: Option<Supply>,
    pub weight: Option<i64>,
    pub expected_on: Option<i32>,
}
