//! How much more a proposed purchase may buy, and what that costs.

use entity::prelude::*;
use inventory::purchasing::core::Supply;

use super::risk::HalfYear;

/// What a purchase may become for its order's sake. Units are the product's smallest.
#[derive(Debug, Clone, PartialEq)]
pub struct Headroom {
    pub decimals: u8,
    pub pack: i64,
    /// The most that shelf life, the level's maximum and half a year of demand have a place for; what is proposed may be more.
    pub most: i64,
    /// Units of mean demand that would be missed if nothing were brought.
    pub missed: f64,
    /// Whether it would come after the stock is gone if the next plan ordered it.
    pub is_last_day: bool,
    pub price: Option<Money>,
    /// Of one whole unit, where no supplier says so.
    pub cost: Option<Money>,
    pub supply: Option<Supply>,
    /// With what other lines of the plan move to the store.
    pub position: i64,
    /// None without a forecast of demand.
    pub half_year: Option<HalfYear>,
}

impl Headroom {
    /// What one whole unit costs when so much is bought.
    fn cost_at(&self, units: i64) -> Option<Money> {
        let quantity = Quantity::new(units)?;
        self.supply.as_ref().map(|supply| supply.cost_at(quantity)).or(self.cost)
    }
    pub(super) fn cost_of(&self, units: i64) -> Option<Money> {
        self.cost_at(units)?.times(Quantity::new(units)?, self.decimals)
    }
    /// Units that are left after half a year where so much is bought. None where nobody knows.
    pub(super) fn left(&self, units: i64) -> Option<f64> {
        self.half_year.as_ref()?.left(self.position.saturating_add(units))
    }
    /// Expected margin of the units at risk, in minor units of the cost's currency; 0 where the price is not known.
    pub(super) fn margin_of(&self, units: i64, at_risk: f64) -> i64 {
        let known = self.cost_at(units).zip(self.price).filter(|(cost, price)| cost.currency == price.currency);
        known.map_or(0, |(cost, price)| {
            let of_unit = (price.minor - cost.minor).max(0) as f64;
            (of_unit * at_risk / 10_f64.powi(self.decimals.into())).round() as i64
        })
    }
}
