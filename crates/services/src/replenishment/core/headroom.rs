//! Limits for raising a proposed purchase, and the cost of it.

use entity::prelude::*;
use inventory::purchasing::core::Supply;

use super::risk::HalfYear;

/// Limits within which a purchase may be raised for the sake of its order. Units are the product's
/// smallest.
#[derive(Debug, Clone, PartialEq)]
pub struct Headroom {
    pub decimals: u8,
    pub pack: i64,
    /// Maximum units by shelf life, the level's maximum and half a year of demand; the proposed
    /// quantity may be larger.
    pub most: i64,
    /// Units of mean demand that would be missed without a delivery.
    pub missed: f64,
    /// Whether an order of the next plan would arrive after the stock is gone.
    pub is_last_day: bool,
    pub price: Option<Money>,
    /// Cost of one whole unit, used if there is no supplier's price.
    pub cost: Option<Money>,
    pub supply: Option<Supply>,
    /// Position of the level, including the transfers to it by other lines of the plan.
    pub position: i64,
    /// None without a forecast of demand.
    pub half_year: Option<HalfYear>,
}

impl Headroom {
    /// Returns the cost of one whole unit if so many units are bought.
    fn cost_at(&self, units: i64) -> Option<Money> {
        let quantity = Quantity::new(units)?;
        self.supply.as_ref().map(|supply| supply.cost_at(quantity)).or(self.cost)
    }
    pub(super) fn cost_of(&self, units: i64) -> Option<Money> {
        self.cost_at(units)?.times(Quantity::new(units)?, self.decimals)
    }
    /// Units that are left after half a year if `units` are bought. None without a forecast.
    pub(super) fn remaining_units(&self, units: i64) -> Option<f64> {
        self.half_year.as_ref()?.remaining_units(self.position.saturating_add(units))
    }
    /// Expected margin of the units at risk, in minor units of the cost's currency; 0 if the price
    /// is unknown.
    pub(super) fn margin_of(&self, units: i64, at_risk: f64) -> i64 {
        let cost_and_price = self.cost_at(units).zip(self.price).filter(|(cost, price)| cost.currency == price.currency);
        cost_and_price.map_or(0, |(cost, price)| {
            let unit_margin = (price.minor - cost.minor).max(0) as f64;
            (unit_margin * at_risk / 10_f64.powi(self.decimals.into())).round() as i64
        })
    }
}
