//! Totals of a simulation of several products, in GraphQL.

use async_graphql::Context;
use macros::resolvers;
use services::{demand::core::round6, forecasting::core::ClassTotals};

use crate::{
    catalog::Money,
    counts::AbcClass,
    graphql::scalars::{Date, Long},
    reports::XyzClass,
};

/// Totals of the products of a class, or of all.
pub struct StockSimulationTotals {
    totals: ClassTotals,
    /// Mondays of the first counted week and of the week after the last one.
    weeks: (i32, i32),
}

impl StockSimulationTotals {
    pub(super) fn new(class_totals: ClassTotals, weeks: (i32, i32)) -> Self {
        Self { totals: class_totals, weeks }
    }
}

/// Totals of the products of a pair of classes, or of all products, over the counted weeks of a simulation. Units are whole ones, so that products with other
/// units add up; stock is that of the end of a day.
#[resolvers]
impl StockSimulationTotals {
    /// ABC class of the products. Null for all products together, and for products without classes.
    async fn abc_class(&self) -> Option<AbcClass> {
        Some(self.totals.classes?.0.into())
    }
    /// XYZ class of the products. Null for all products together, and for products without classes.
    async fn xyz_class(&self) -> Option<XyzClass> {
        Some(self.totals.classes?.1.into())
    }
    /// Monday of the first counted week.
    async fn from(&self) -> Date {
        Date(self.weeks.0)
    }
    /// Sunday of the last counted week.
    async fn to(&self) -> Date {
        Date(self.weeks.1 - 1)
    }
    /// Number of counted weeks.
    async fn weeks(&self) -> i32 {
        (self.weeks.1 - self.weeks.0) / 7
    }
    /// Number of simulated products.
    async fn products(&self) -> Long {
        Long(self.totals.products as i64)
    }
    /// Promised share of cycles without unmet demand, or of units with FILL_RATE, 0 to 1. Null for MIN_MAX and TARGET_DAYS, which promise none, and where the
    /// products are promised different levels.
    async fn promised_service_level(&self) -> Option<f64> {
        self.totals.promised
    }
    /// Number of cycles of all products: from one review to the next with PERIODIC, from one delivery to the next with other kinds.
    async fn cycles(&self) -> Long {
        Long(self.totals.cycles as i64)
    }
    /// Share of cycles without unmet demand, 0 to 1. Compare it with `promisedServiceLevel` from 200 cycles on. Null without a cycle that ends in a counted
    /// week.
    async fn service_level(&self) -> Option<f64> {
        self.totals.cycle_service().map(round6)
    }
    /// Units met ÷ units demanded, 0 to 1; compare it with `promisedServiceLevel` where the method is FILL_RATE. Null without demand.
    async fn fill_rate(&self) -> Option<f64> {
        self.totals.fill().map(round6)
    }
    /// Whole units of demand. Demand of a day out of stock is drawn from known days of the same weekday before it, and is no less than was sold on it.
    async fn demand(&self) -> f64 {
        round6(self.totals.demanded)
    }
    /// Whole units of demand that stock met on its day.
    async fn met(&self) -> f64 {
        round6(self.totals.met)
    }
    /// Whole units of demand that stock did not meet on its day: lost, or delivered later with `isBackordered` of the policy.
    async fn unmet(&self) -> f64 {
        round6(self.totals.demanded - self.totals.met)
    }
    /// Number of days with unmet demand, of all products together.
    async fn unmet_days(&self) -> Long {
        Long(self.totals.short_days as i64)
    }
    /// Number of days that closed with nothing in stock, of all products together.
    async fn stockout_days(&self) -> Long {
        Long(self.totals.empty_days as i64)
    }
    /// Mean whole units in stock, of all products together.
    async fn mean_stock(&self) -> f64 {
        round6(self.totals.mean_stock)
    }
    /// Values of `meanStock` at the products' unit costs of today, one a currency. Null beyond 2^53 − 1 minor units, and for callers without
    /// product.cost.read.
    #[field(mask = ProductCostRead, list_size(assumed = 1))]
    async fn mean_stock_values(&self, ctx: &Context<'_>) -> Option<Vec<Money>> {
        Some(self.totals.stock_values()?.into_iter().map(Money::from).collect())
    }
    /// Costs of holding `meanStock` over the counted weeks, one a currency: a quarter of its value a year. Null beyond 2^53 − 1 minor units, and for callers
    /// without product.cost.read.
    #[field(mask = ProductCostRead, list_size(assumed = 1))]
    async fn holding_costs(&self, ctx: &Context<'_>) -> Option<Vec<Money>> {
        Some(self.totals.holding_costs()?.into_iter().map(Money::from).collect())
    }
    /// Number of products without a unit cost, which are in no value and no holding cost. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn products_without_cost(&self, ctx: &Context<'_>) -> Option<Long> {
        Some(Long(self.totals.without_cost as i64))
    }
    /// Number of orders.
    async fn orders(&self) -> Long {
        Long(self.totals.orders as i64)
    }
    /// Whole units ordered.
    async fn ordered(&self) -> f64 {
        round6(self.totals.ordered)
    }
    /// Whole units that expired before they were sold.
    async fn expired(&self) -> f64 {
        round6(self.totals.expired)
    }
}
