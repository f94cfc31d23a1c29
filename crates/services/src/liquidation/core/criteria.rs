//! Criteria of a tenant for dead and slow stock, and the costs and yields of its actions.

use std::collections::BTreeSet;

use entity::prelude::*;
use forecast::ratios::DAYS_WITHOUT_SALE;
use platform::stages::{Stage, Staged};
use serde::{Deserialize, Serialize};

use crate::replenishment::core::{TransferCost, freight_of};

/// Suppliers with terms at most.
const MAX_TERMS: usize = 250;
/// Days before a delivery until which an order may be cut, at most.
const MAX_CANCEL_DAYS: i32 = 365;
/// Pairs of stores with a cost of their own at most.
const MAX_TRANSFER_COSTS: usize = 1_000;
/// Steps of a markdown at most.
const MAX_STEPS: usize = 5;
/// The largest amount, in minor units.
const MAX_MINOR: i64 = 1_000_000_000_000;

/// Conditions under which a supplier takes goods back, and the deadline for reducing orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SupplierTerms {
    pub supplier: SupplierId,
    /// Credited share of the cost. 0: no returns.
    pub credit_percent: i32,
    /// Cost of one return, in minor units of the tenant's currency.
    pub freight_minor: i64,
    /// Minimum days before the delivery for a cut of an order. None: no cuts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_days: Option<i32>,
}

/// A tenant's criteria. Amounts are minor units of the tenant's currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Criteria {
    /// Days without a sale after which stock is dead. Younger stock is neither dead nor slow.
    pub days_without_sale: i32,
    /// None: stock is never slow by its days of supply.
    pub slow_days_of_supply: Option<i32>,
    /// Whole units per month below which a product is slow. None: stock is never slow by its
    /// velocity.
    pub slow_monthly_units: Option<i32>,
    /// Whether stock that will expire before it is sold is listed.
    pub expiring: bool,
    /// Stock of a store that is worth less is left out.
    pub least_value_minor: i64,
    /// Steps of a markdown, in percent of the price, ascending.
    pub markdown_percents: Vec<i32>,
    /// The lowest price, in percent of the cost.
    pub floor_percent: i32,
    /// Last two digits of a price in minor units. None for any.
    pub price_ending: Option<i32>,
    /// Cost of keeping stock for a year, in percent of its cost.
    pub holding_percent: i32,
    /// Share of the cost that a write-off recovers, for example by its tax.
    pub salvage_percent: i32,
    /// Cost of one line of a transfer, if `transfer_costs` has no entry for its stores.
    pub transfer_freight_minor: i64,
    /// Costs of a transfer's line from named stores, to one store or to all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfer_costs: Vec<TransferCost>,
    /// Discount of a product's price in a bundle, in percent. None: no bundles are proposed. A
    /// default value is left out of the body, as in criteria from before this field existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_percent: Option<i32>,
    /// Cost of making one bundle.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub bundle_cost_minor: i64,
    /// Cost of a product's dead units in a store from which an alert is opened. None: no alerts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert_value_minor: Option<i64>,
    /// Suppliers that accept returns or cuts, with their terms.
    pub supplier_terms: Vec<SupplierTerms>,
}

/// Whether an amount need not be kept.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_nothing(minor: &i64) -> bool {
    *minor == 0
}

/// Reasons to refuse criteria.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CriteriaProblem {
    /// The field is outside this range.
    Range(&'static str, i64, i64),
    /// The steps are not ascending, or not one to five.
    Steps,
    /// A supplier is listed twice: its index.
    Twice(usize),
    /// Terms out of range: their index and field.
    Terms(usize, &'static str, i64, i64),
    TooManyTerms,
    /// A cost between stores is out of range: its index.
    TransferCost(usize, i64, i64),
    /// Two costs are of the same stores, or one is from a store to itself: its index.
    TransferStores(usize),
    TooManyTransferCosts,
}

impl Staged for CriteriaProblem {
    fn stage(&self) -> Stage {
        match self {
            Self::TooManyTerms | Self::TooManyTransferCosts => Stage::Shape,
            Self::Range(..)
            | Self::Steps
            | Self::Twice(_)
            | Self::Terms(..)
            | Self::TransferCost(..)
            | Self::TransferStores(_) => Stage::Value,
        }
    }
}

impl Default for Criteria {
    fn default() -> Self {
        Self {
            days_without_sale: DAYS_WITHOUT_SALE,
            slow_days_of_supply: Some(180),
            slow_monthly_units: Some(1),
            expiring: true,
            least_value_minor: 0,
            markdown_percents: vec![20, 40, 60],
            floor_percent: 0,
            price_ending: None,
            holding_percent: 25,
            salvage_percent: 0,
            transfer_freight_minor: 0,
            transfer_costs: Vec::new(),
            bundle_percent: Some(10),
            bundle_cost_minor: 0,
            alert_value_minor: None,
            supplier_terms: Vec::new(),
        }
    }
}

/// Lower limit of proposed prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PriceFloor {
    /// Prices follow from the present price alone.
    None,
    /// A share of the cost, which these prices and the units sold at them reveal. Also assumed for
    /// older lines, for which it was not stored.
    #[default]
    OfCost,
}

impl Criteria {
    /// Returns the lower limit of prices, whether or not it raises one: to hide only the raised
    /// prices would reveal them.
    pub const fn price_floor(&self) -> PriceFloor {
        if self.floor_percent > 0 { PriceFloor::OfCost } else { PriceFloor::None }
    }
    /// Returns the terms of a supplier that takes goods back; None if it takes none.
    pub fn terms_of(&self, supplier: SupplierId) -> Option<&SupplierTerms> {
        self.supplier_terms.iter().find(|terms| terms.supplier == supplier && terms.credit_percent > 0)
    }
    /// Returns the freight of a line from one store to another.
    pub fn freight(&self, from: StoreId, to: StoreId) -> i64 {
        freight_of(&self.transfer_costs, self.transfer_freight_minor, (from, to))
    }

    /// Returns all problems of the criteria.
    pub fn problems(&self) -> Vec<CriteriaProblem> {
        let ranges = [
            ("daysWithoutSale", Some(i64::from(self.days_without_sale)), 1, 3_650),
            ("slowDaysOfSupply", self.slow_days_of_supply.map(i64::from), 1, 3_650),
            ("slowMonthlyUnits", self.slow_monthly_units.map(i64::from), 1, 1_000_000),
            ("leastValue", Some(self.least_value_minor), 0, MAX_MINOR),
            ("floorPercent", Some(i64::from(self.floor_percent)), 0, 200),
            ("priceEnding", self.price_ending.map(i64::from), 0, 99),
            ("holdingPercent", Some(i64::from(self.holding_percent)), 0, 100),
            ("salvagePercent", Some(i64::from(self.salvage_percent)), 0, 100),
            ("transferFreight", Some(self.transfer_freight_minor), 0, MAX_MINOR),
            ("bundlePercent", self.bundle_percent.map(i64::from), 1, 95),
            ("bundleCost", Some(self.bundle_cost_minor), 0, MAX_MINOR),
            ("alertValue", self.alert_value_minor, 1, MAX_MINOR),
        ];
        let mut criteria_problems = Vec::new();
        for (name, value, min, max) in ranges {
            if value.is_some_and(|value| !(min..=max).contains(&value)) {
                criteria_problems.push(CriteriaProblem::Range(name, min, max));
            }
        }
        let steps = &self.markdown_percents;
        let ascends = steps.windows(2).all(|pair| pair[0] < pair[1]);
        if steps.is_empty() || steps.len() > MAX_STEPS || !ascends || steps.iter().any(|step| !(1..=95).contains(step)) {
            criteria_problems.push(CriteriaProblem::Steps);
        }
        criteria_problems.extend(self.problems_of_transfers());
        criteria_problems.extend(self.problems_of_terms());
        criteria_problems
    }

    fn problems_of_transfers(&self) -> Vec<CriteriaProblem> {
        if self.transfer_costs.len() > MAX_TRANSFER_COSTS {
            return vec![CriteriaProblem::TooManyTransferCosts];
        }
        let (mut store_pairs, mut problems) = (BTreeSet::new(), Vec::new());
        for (index, cost) in self.transfer_costs.iter().enumerate() {
            if !(0..=MAX_MINOR).contains(&cost.freight_minor) {
                problems.push(CriteriaProblem::TransferCost(index, 0, MAX_MINOR));
            }
            if cost.to == Some(cost.from) || !store_pairs.insert((cost.from, cost.to)) {
                problems.push(CriteriaProblem::TransferStores(index));
            }
        }
        problems
    }

    fn problems_of_terms(&self) -> Vec<CriteriaProblem> {
        if self.supplier_terms.len() > MAX_TERMS {
            return vec![CriteriaProblem::TooManyTerms];
        }
        let mut problems = Vec::new();
        for (index, terms) in self.supplier_terms.iter().enumerate() {
            // Terms without a credit and without a cancellation are refused as a mistake.
            let least = i32::from(terms.cancel_days.is_none());
            if !(least..=100).contains(&terms.credit_percent) {
                problems.push(CriteriaProblem::Terms(index, "creditPercent", least.into(), 100));
            }
            if !(0..=MAX_MINOR).contains(&terms.freight_minor) {
                problems.push(CriteriaProblem::Terms(index, "freight", 0, MAX_MINOR));
            }
            if terms.cancel_days.is_some_and(|days| !(0..=MAX_CANCEL_DAYS).contains(&days)) {
                problems.push(CriteriaProblem::Terms(index, "cancelDays", 0, MAX_CANCEL_DAYS.into()));
            }
            if self.supplier_terms[..index].iter().any(|before| before.supplier == terms.supplier) {
                problems.push(CriteriaProblem::Twice(index));
            }
        }
        problems
    }

    /// The highest price with the tenant's ending that is not above this one; this one if there is
    /// none.
    pub fn round_price(&self, price: i64) -> i64 {
        let Some(ending) = self.price_ending.map(i64::from) else { return price };
        let below = price - (price - ending).rem_euclid(100);
        if below > 0 { below } else { price }
    }
}
