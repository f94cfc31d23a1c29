//! Criteria as clients see them.

use async_graphql::Context;
use entity::prelude::Currency;
use macros::resolvers;
use services::{
    liquidation::{core, rows::Settings},
    replenishment::core::TransferCost,
};

use super::option::money;
use crate::{
    catalog::Supplier,
    graphql::{
        fault::Answer,
        scalars::{DateTime, Long},
    },
    purchasing::links::{self, Money, Store},
};

/// Terms on which a supplier takes goods back and lets orders be cut.
pub struct LiquidationTerms {
    row: core::SupplierTerms,
    currency: Currency,
}

/// Terms on which a supplier takes goods back and lets orders be cut.
#[resolvers]
impl LiquidationTerms {
    /// Supplier.
    async fn supplier(&self, ctx: &Context<'_>) -> Answer<Supplier> {
        links::supplier(ctx, self.row.supplier).await
    }
    /// Percent of the cost that is credited, from 0 to 100. 0: the supplier takes nothing back.
    async fn credit_percent(&self) -> i32 {
        self.row.credit_percent
    }
    /// Cost of one return.
    async fn freight(&self) -> Money {
        money(self.row.freight_minor, self.currency)
    }
    /// Days before its delivery, from 0 to 365, until which the supplier lets an order be cut. Null: never.
    async fn cancel_days(&self) -> Option<i32> {
        self.row.cancel_days
    }
}

/// Cost of moving goods from a store.
pub struct LiquidationTransferCost {
    row: TransferCost,
    currency: Currency,
}

/// Cost of one line of a transfer from a store.
#[resolvers]
impl LiquidationTransferCost {
    /// Store that sends.
    async fn from_store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.from).await
    }
    /// Store that receives. Null: each that has no cost of its own.
    async fn to_store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        Some(links::store(ctx, self.row.to?).await)
    }
    /// Cost of one line.
    async fn freight(&self) -> Money {
        money(self.row.freight_minor, self.currency)
    }
}

/// A tenant's criteria.
pub struct LiquidationSettings {
    row: Settings,
    currency: Currency,
}

impl LiquidationSettings {
    pub(super) const fn new(settings: Settings, currency: Currency) -> Self {
        Self { row: settings, currency }
    }
}

/// Criteria of dead and slow stock, and the costs and returns of actions on it.
#[resolvers]
impl LiquidationSettings {
    /// Days without a sale after which stock is dead, from 1 to 3,650. Stock that came later is neither dead nor slow.
    async fn days_without_sale(&self) -> i32 {
        self.row.criteria.days_without_sale
    }
    /// Days of supply beyond which stock is slow. Null: days of supply make nothing slow.
    async fn slow_days_of_supply(&self) -> Option<i32> {
        self.row.criteria.slow_days_of_supply
    }
    /// Whole units a month below which a product is slow. Null: velocity makes nothing slow.
    async fn slow_monthly_units(&self) -> Option<i32> {
        self.row.criteria.slow_monthly_units
    }
    /// True if stock is listed that expires before it is sold.
    #[field(was("expiring", "2026-11-27"))]
    async fn is_expiring_listed(&self) -> bool {
        self.row.criteria.expiring
    }
    /// Cost of a product's units in a store below which they are not listed.
    async fn least_value(&self) -> Money {
        money(self.row.criteria.least_value_minor, self.currency)
    }
    /// Steps of a markdown in percent off the price, ascending.
    #[field(list_size(assumed = 3))]
    async fn markdown_percents(&self) -> Vec<i32> {
        self.row.criteria.markdown_percents.clone()
    }
    /// Lowest price of a markdown, in percent of the cost, from 0 to 200.
    async fn floor_percent(&self) -> i32 {
        self.row.criteria.floor_percent
    }
    /// Last two digits of prices in minor units, from 0 to 99, as 99 for 4.99. Null: any.
    async fn price_ending(&self) -> Option<i32> {
        self.row.criteria.price_ending
    }
    /// Cost of keeping stock for a year, in percent of its cost, from 0 to 100.
    async fn holding_percent(&self) -> i32 {
        self.row.criteria.holding_percent
    }
    /// Percent of the cost that a write-off brings, as by its tax, from 0 to 100.
    async fn salvage_percent(&self) -> i32 {
        self.row.criteria.salvage_percent
    }
    /// Cost of one line of a transfer between stores without a cost in `transferCosts`. Plans of replenishment count it, too.
    async fn transfer_freight(&self) -> Money {
        money(self.row.criteria.transfer_freight_minor, self.currency)
    }
    /// Costs of one line of a transfer from stores that are named. That of a pair goes before that of its sending store.
    #[field(list_size(assumed = 20))]
    async fn transfer_costs(&self) -> Vec<LiquidationTransferCost> {
        let costs = self.row.criteria.transfer_costs.iter();
        costs.map(|cost| LiquidationTransferCost { row: *cost, currency: self.currency }).collect()
    }
    /// Percent by which a product is cheaper in a bundle than by itself. Null: no bundles are proposed.
    async fn bundle_percent(&self) -> Option<i32> {
        self.row.criteria.bundle_percent
    }
    /// Cost of making one bundle.
    async fn bundle_cost(&self) -> Money {
        money(self.row.criteria.bundle_cost_minor, self.currency)
    }
    /// Cost of a product's dead or slow units in a store from which on a DEAD_STOCK alert is opened. Null: no alerts.
    async fn alert_value(&self) -> Option<Money> {
        Some(money(self.row.criteria.alert_value_minor?, self.currency))
    }
    /// Suppliers that take goods back or let orders be cut. A RETURN and CANCEL_INCOMING are proposed to no other.
    #[field(list_size(assumed = 5))]
    async fn supplier_terms(&self) -> Vec<LiquidationTerms> {
        let terms = self.row.criteria.supplier_terms.iter();
        terms.map(|terms| LiquidationTerms { row: *terms, currency: self.currency }).collect()
    }
    /// Version of the criteria: 0 before they are set, +1 for each change.
    async fn version(&self) -> Long {
        Long(self.row.version)
    }
    /// Time of the last change. Null before the first.
    async fn updated_at(&self) -> Option<DateTime> {
        self.row.updated_at.map(DateTime)
    }
}
