//! Reorder suggestions and delivery performance of suppliers, as the API shows them.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use entity::prelude::SupplierId;
use inventory::purchasing::{
    core::{self, Kind, Suggestion},
    rows::ReplenishmentInput,
};
use macros::resolvers;

use super::{
    enums::{ReorderKind, ReorderReason},
    links::{self, Product, Store},
    price_drift::SupplierPriceDrift,
    supply::SupplierProduct,
};
use crate::{
    catalog::Supplier,
    graphql::{fault::Answer, scalars::Quantity},
};

/// A suggestion with the product that it is of.
pub struct ReorderSuggestion {
    pub input: Arc<ReplenishmentInput>,
    pub row: Suggestion,
}

fn units(number: i64) -> Quantity {
    let limit = entity::quantity::MAX_SAFE;
    Quantity(entity::prelude::Quantity::new(number.clamp(-limit, limit)).unwrap_or_default())
}

/// Suggestion to transfer or buy a product for a store, with every value behind it. Quantities are in the product's smallest unit.
#[Object]
impl ReorderSuggestion {
    /// The product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.input.product).await
    }
    /// Store that needs the goods.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.store).await
    }
    /// Kind of the suggestion: a transfer from another store, or a purchase. Transfers are suggested first.
    async fn kind(&self) -> ReorderKind {
        match self.row.kind {
            Kind::Transfer { .. } => ReorderKind::Transfer,
            Kind::Purchase => ReorderKind::Purchase,
        }
    }
    /// Store that has more than its maximum. Null for a purchase.
    async fn from_store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        match self.row.kind {
            Kind::Transfer { from } => Some(links::store(ctx, from).await),
            Kind::Purchase => None,
        }
    }
    /// Supplier to buy from: the preferred supplier, else the product's own. Null where none is known, and for a transfer.
    async fn supplier(&self, ctx: &Context<'_>) -> Option<Answer<Supplier>> {
        match self.row.kind {
            Kind::Purchase => Some(links::supplier(ctx, self.input.supplier?).await),
            Kind::Transfer { .. } => None,
        }
    }
    /// Row of the product in that supplier's catalogue. Null where the catalogue has none, and for a transfer.
    async fn supplier_product(&self) -> Option<SupplierProduct> {
        let supply = self.input.supply.clone().filter(|_| self.row.kind == Kind::Purchase)?;
        Some(SupplierProduct(Arc::new(supply)))
    }
    /// Suggested quantity, in the product's smallest unit: the shortfall to the target, at least the supplier's
    /// minimum, in whole packs.
    async fn quantity(&self) -> Quantity {
        units(self.row.quantity)
    }
    /// Origin of the reorder point.
    async fn reason(&self) -> ReorderReason {
        self.row.reason.into()
    }
    /// Explanation of the suggestion in a sentence.
    async fn explanation(&self) -> String {
        let row = &self.row;
        let point = match row.reason {
            core::Reason::ReorderPoint => "the reorder point",
            core::Reason::Demand => "what demand and lead time make the reorder point",
        };
        format!("The position {} is at or below {point}, {}; it is filled up to {}.", row.position, row.reorder_point, row.target)
    }
    /// Position in the product's smallest unit: available + incoming + inTransit − backordered.
    async fn position(&self) -> Quantity {
        units(self.row.position)
    }
    /// Quantity available in the store, in the product's smallest unit.
    async fn available(&self) -> Quantity {
        units(self.row.store_stock.available)
    }
    /// Quantity ordered from suppliers and not yet received, in the product's smallest unit.
    async fn incoming(&self) -> Quantity {
        units(self.row.store_stock.incoming)
    }
    /// Quantity in transit from other stores, in the product's smallest unit.
    async fn in_transit(&self) -> Quantity {
        units(self.row.store_stock.in_transit)
    }
    /// Quantity that open orders need beyond stock, also as parts of kits, in the product's smallest unit.
    async fn backordered(&self) -> Quantity {
        units(self.row.store_stock.backordered)
    }
    /// Position at or below which the product is reordered, in the product's smallest unit.
    async fn reorder_point(&self) -> Quantity {
        units(self.row.reorder_point)
    }
    /// Quantity up to which the position is filled, in the product's smallest unit: the level's maximum, else the reorder point and
    /// the demand of the days to cover.
    async fn target(&self) -> Quantity {
        units(self.row.target)
    }
    /// Safety stock of the level, else the one that demand and lead time ask for, in the product's smallest unit.
    async fn safety_stock(&self) -> Quantity {
        units(self.row.safety_stock)
    }
    /// Mean number of units sold on a day, in the product's smallest unit.
    async fn daily_demand(&self) -> f64 {
        self.row.demand_mean
    }
    /// Standard deviation of the units sold on a day, in the product's smallest unit.
    async fn daily_demand_deviation(&self) -> f64 {
        self.row.demand_deviation
    }
    /// Lead time in days: as the supplier's catalogue says, else the supplier, else as was asked. With a calendar of the supplier, the days
    /// until what can be ordered after the next order day arrives, less one.
    async fn lead_time_days(&self) -> i32 {
        i32::from(self.row.lead_days)
    }
    /// Standard deviation of the lead time in days, measured over the supplier's deliveries of the
    /// last 365 days. 0 with fewer than three deliveries.
    async fn lead_time_days_deviation(&self) -> f64 {
        self.row.lead_deviation
    }
}

/// Delivery performance of a supplier, over orders of which no delivery is outstanding. Rates and shares are 0 to 1, and null without a denominator.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct SupplierPerformance {
    #[graphql(skip)]
    pub supplier_id: Option<SupplierId>,
    #[graphql(skip)]
    pub prices: Vec<core::PriceDrift>,
    /// Number of orders that were measured.
    pub orders: i32,
    /// Mean number of days from ordering to the last receipt. Null where nothing was received.
    pub lead_time_days_mean: Option<f64>,
    /// Standard deviation of the lead time in days, as a sample. Null for fewer than two orders.
    pub lead_time_days_deviation: Option<f64>,
    /// Received units by ordered units, 0 to 1; units received beyond an order do not count. Null without ordered units.
    pub unit_fill_rate: Option<f64>,
    /// Share of lines that were received whole, 0 to 1. Null without lines.
    pub line_fill_rate: Option<f64>,
    /// Share of orders that were received whole, 0 to 1. Null without orders.
    pub order_fill_rate: Option<f64>,
    /// Share of orders with every receipt on or before the day agreed for its line, else for the order, 0 to 1, among orders with
    /// such a day. Null without such orders.
    pub on_time_rate: Option<f64>,
    /// Share of orders with every receipt on time and every line received whole, 0 to 1, among orders with an agreed day. Null without such orders.
    pub on_time_in_full_rate: Option<f64>,
    /// Units received damaged by all units received, 0 to 1. Null where nothing was received.
    pub damaged_rate: Option<f64>,
    /// Units that went back to the supplier by all units received, 0 to 1: of these orders, whenever they went. Null where nothing was received.
    pub returned_rate: Option<f64>,
    /// Deprecated name of `onTimeRate`.
    #[graphql(deprecation = "2026-11-25: use onTimeRate. Removed after 2027-11-25.")]
    pub on_time_share: Option<f64>,
}

#[resolvers(complex)]
impl SupplierPerformance {
    /// Change of prices by currency, in the orders of the period that were placed and not cancelled, of its last 731 days: empty where no product was
    /// ordered twice. Price breaks count as prices. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead, list_size(assumed = 3))]
    async fn price_drift(&self, ctx: &Context<'_>) -> Option<Vec<SupplierPriceDrift>> {
        Some(self.prices.iter().copied().map(SupplierPriceDrift).collect())
    }
    /// Supplier that was measured. Null in the totals of several.
    async fn supplier(&self, ctx: &Context<'_>) -> Option<Answer<Supplier>> {
        Some(links::supplier(ctx, self.supplier_id?).await)
    }
}

impl SupplierPerformance {
    /// Builds the performance of one supplier, or of several together.
    pub fn of(supplier_id: Option<SupplierId>, performance: core::Performance) -> Self {
        Self {
            supplier_id,
            prices: Vec::new(),
            orders: i32::try_from(performance.orders).unwrap_or(i32::MAX),
            lead_time_days_mean: performance.lead_days_mean,
            lead_time_days_deviation: performance.lead_days_deviation,
            unit_fill_rate: performance.unit_fill,
            line_fill_rate: performance.line_fill,
            order_fill_rate: performance.order_fill,
            on_time_rate: performance.on_time,
            on_time_in_full_rate: performance.on_time_in_full,
            damaged_rate: performance.damaged,
            returned_rate: performance.returned,
            on_time_share: performance.on_time,
        }
    }
    /// Attaches the prices, which are read only if they are selected.
    pub fn with_prices(self, prices: Vec<core::PriceDrift>) -> Self {
        Self { prices, ..self }
    }
}
