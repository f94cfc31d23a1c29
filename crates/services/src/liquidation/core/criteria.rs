//! What a tenant calls dead and slow, and what its actions cost and bring.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::stages::{Stage, Staged};
use serde::{Deserialize, Serialize};

use crate::replenishment::core::{TransferCost, freight_of};

/// Suppliers with terms at most.
const MOST_TERMS: usize = 250;
/// Days before a delivery until which an order may be cut, at most.
const MOST_CANCEL_DAYS: i32 = 365;
/// Pairs of stores with a cost of their own at most.
const MOST_TRANSFER_COSTS: usize = 1_000;
/// Steps of a markdown at most.
const MOST_STEPS: usize = 5;
/// The largest amount, in minor units.
const MOST_MINOR: i64 = 1_000_000_000_000;

/// How a supplier takes goods back, and until when it lets orders be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SupplierTerms {
    pub supplier: SupplierId,
    /// Share of the cost that is credited. 0: nothing is taken back.
    pub credit_percent: i32,
    /// Cost of one return, in minor units of the tenant's currency.
    pub freight_minor: i64,
    /// Days before its delivery until which an order may be cut. None: it may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_days: Option<i32>,
}

/// A tenant's criteria. Amounts are minor units of the tenant's currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Criteria {
    /// Days without a sale after which stock is dead. Younger stock is neither dead nor slow.
    pub days_without_sale: i32,
    /// None: days of supply make nothing slow.
    pub slow_days_of_supply: Option<i32>,
    /// Whole units a month below which a product is slow. None: velocity makes nothing slow.
    pub slow_monthly_units: Option<i32>,
    /// Whether stock counts that expires before it is sold.
    pub expiring: bool,
    /// Stock of a store that is worth less is left out.
    pub least_value_minor: i64,
    /// Steps of a markdown, in percent of the price, ascending.
    pub markdown_percents: Vec<i32>,
    /// The lowest price, in percent of the cost.
    pub floor_percent: i32,
    /// Last two digits of a price in minor units. None: any.
    pub price_ending: Option<i32>,
    /// Cost of keeping stock for a year, in percent of its cost.
    pub holding_percent: i32,
    /// Share of the cost that a write-off brings, as by its tax.
    pub salvage_percent: i32,
    /// Cost of one line of a transfer, where nothing is said of its stores.
    pub transfer_freight_minor: i64,
    /// The same from stores that are named, to one or to all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfer_costs: Vec<TransferCost>,
    /// By how many percent of its price a product is cheaper in a bundle. None: no bundles are proposed. What has its default is left out of the body, as
    /// criteria were before it was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_percent: Option<i32>,
    /// Cost of making one bundle.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub bundle_cost_minor: i64,
    /// Cost of a product's dead units in a store from which on an alert is opened. None: no alerts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert_value_minor: Option<i64>,
    /// Suppliers that take goods back.
    pub supplier_terms: Vec<SupplierTerms>,
}

/// Whether an amount need not be kept.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_nothing(minor: &i64) -> bool {
    *minor == 0
}

/// Why criteria cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CriteriaProblem {
    /// The field lies between these.
    Range(&'static str, i64, i64),
    /// Steps ascend, one to five of them.
    Steps,
    /// A supplier is named twice: its place.
    Twice(usize),
    /// Terms out of range: their place and field.
    Terms(usize, &'static str, i64, i64),
    TooManyTerms,
    /// A cost between stores is out of range: its place.
    TransferCost(usize, i64, i64),
    /// Two costs are of the same stores, or one is from a store to itself: its place.
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
            days_without_sale: 90,
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

/// What the prices of a proposal are held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PriceFloor {
    /// They follow from the present price alone.
    None,
    /// A part of the cost, which they then tell, as does how much sells at them. Nobody knows whether lines of before this was kept had one.
    #[default]
    OfCost,
}

impl Criteria {
    /// What prices are held to, whether or not it lifts one: a price that is hidden only where it is lifted would say that it is.
    pub const fn price_floor(&self) -> PriceFloor {
        if self.floor_percent > 0 { PriceFloor::OfCost } else { PriceFloor::None }
    }
    /// How a supplier takes goods back; None of one that takes none.
    pub fn terms_of(&self, supplier: SupplierId) -> Option<&SupplierTerms> {
        self.supplier_terms.iter().find(|terms| terms.supplier == supplier && terms.credit_percent > 0)
    }
    /// What a line from one store to another costs.
    pub fn freight(&self, from: StoreId, to: StoreId) -> i64 {
        freight_of(&self.transfer_costs, self.transfer_freight_minor, (from, to))
    }

    /// All that is wrong with them.
    pub fn problems(&self) -> Vec<CriteriaProblem> {
        let ranges = [
            ("daysWithoutSale", Some(i64::from(self.days_without_sale)), 1, 3_650),
            ("slowDaysOfSupply", self.slow_days_of_supply.map(i64::from), 1, 3_650),
            ("slowMonthlyUnits", self.slow_monthly_units.map(i64::from), 1, 1_000_000),
            ("leastValue", Some(self.least_value_minor), 0, MOST_MINOR),
            ("floorPercent", Some(i64::from(self.floor_percent)), 0, 200),
            ("priceEnding", self.price_ending.map(i64::from), 0, 99),
            ("holdingPercent", Some(i64::from(self.holding_percent)), 0, 100),
            ("salvagePercent", Some(i64::from(self.salvage_percent)), 0, 100),
            ("transferFreight", Some(self.transfer_freight_minor), 0, MOST_MINOR),
            ("bundlePercent", self.bundle_percent.map(i64::from), 1, 95),
            ("bundleCost", Some(self.bundle_cost_minor), 0, MOST_MINOR),
            ("alertValue", self.alert_value_minor, 1, MOST_MINOR),
        ];
        let mut found = Vec::new();
        for (name, value, least, most) in ranges {
            if value.is_some_and(|value| !(least..=most).contains(&value)) {
                found.push(CriteriaProblem::Range(name, least, most));
            }
        }
        let steps = &self.markdown_percents;
        let ascends = steps.windows(2).all(|pair| pair[0] < pair[1]);
        if steps.is_empty() || steps.len() > MOST_STEPS || !ascends || steps.iter().any(|step| !(1..=95).contains(step)) {
            found.push(CriteriaProblem::Steps);
        }
        found.extend(self.problems_of_transfers());
        found.extend(self.problems_of_terms());
        found
    }

    fn problems_of_transfers(&self) -> Vec<CriteriaProblem> {
        if self.transfer_costs.len() > MOST_TRANSFER_COSTS {
            return vec![CriteriaProblem::TooManyTransferCosts];
        }
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        for (place, cost) in self.transfer_costs.iter().enumerate() {
            if !(0..=MOST_MINOR).contains(&cost.freight_minor) {
                found.push(CriteriaProblem::TransferCost(place, 0, MOST_MINOR));
            }
            if cost.to == Some(cost.from) || !seen.insert((cost.from, cost.to)) {
                found.push(CriteriaProblem::TransferStores(place));
            }
        }
        found
    }

    fn problems_of_terms(&self) -> Vec<CriteriaProblem> {
        if self.supplier_terms.len() > MOST_TERMS {
            return vec![CriteriaProblem::TooManyTerms];
        }
        let mut found = Vec::new();
        for (place, terms) in self.supplier_terms.iter().enumerate() {
            // Terms that say nothing are a slip.
            let least = i32::from(terms.cancel_days.is_none());
            if !(least..=100).contains(&terms.credit_percent) {
                found.push(CriteriaProblem::Terms(place, "creditPercent", least.into(), 100));
            }
            if !(0..=MOST_MINOR).contains(&terms.freight_minor) {
                found.push(CriteriaProblem::Terms(place, "freight", 0, MOST_MINOR));
            }
            if terms.cancel_days.is_some_and(|days| !(0..=MOST_CANCEL_DAYS).contains(&days)) {
                found.push(CriteriaProblem::Terms(place, "cancelDays", 0, MOST_CANCEL_DAYS.into()));
            }
            if self.supplier_terms[..place].iter().any(|before| before.supplier == terms.supplier) {
                found.push(CriteriaProblem::Twice(place));
            }
        }
        found
    }

    /// A price with the tenant's ending, no higher than this one; where none is, this one.
    pub fn rounded(&self, price: i64) -> i64 {
        let Some(ending) = self.price_ending.map(i64::from) else { return price };
        let below = price - (price - ending).rem_euclid(100);
        if below > 0 { below } else { price }
    }
}
