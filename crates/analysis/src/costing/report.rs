//! Valuations and reports as clients see them.

use async_graphql::Context;
use entity::prelude::{self, CostKind};
use inventory::costing::{
    core::Layer,
    shell::{self, CostRow, CostingContext, Valuation, ValueRow},
};
use macros::resolvers;

use super::enums::CostingMethod;
use crate::{
    catalog::{Category, catalog_loaders},
    graphql::{
        fault::Answer,
        scalars::{DateTime, Long, Quantity},
    },
    orders::links::{self, Money, Product},
};

/// Value of stock.
pub struct StockValuation(pub Valuation);

/// Value of stock: all units of the company, in stores and in transit between them.
#[resolvers(requires = ProductCostRead)]
impl StockValuation {
    /// Costing method of these values.
    async fn method(&self) -> CostingMethod {
        self.0.how.method.into()
    }
    /// Number of the last event that the values include.
    async fn seq(&self) -> Long {
        Long(self.0.how.progress.seq)
    }
    /// True if the books include the tenant's last event. After many changes they take some time: query again.
    async fn is_current(&self) -> bool {
        self.0.how.progress.is_current()
    }
    /// Total of all stock, including the groups that are not among the rows.
    async fn total(&self) -> StockValueRow {
        StockValueRow(self.0.total)
    }
    /// Rows by group, the most valuable first. Empty without groups.
    async fn rows(&self) -> Vec<StockValueRow> {
        self.0.rows.iter().copied().map(StockValueRow).collect()
    }
}

/// Units of a group and their value.
pub struct StockValueRow(ValueRow);

/// Units of a group and their value.
#[resolvers(requires = ProductCostRead)]
impl StockValueRow {
    /// Product of the row. Null unless rows are grouped by product.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.0.product?).await)
    }
    /// Category of the row. Null unless rows are grouped by category, and for products without one.
    async fn category(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        let id = self.0.category?;
        let row_read = async { catalog_loaders(ctx)?.category(id).await };
        row_read.await.map(|row| row.map(Category)).transpose()
    }
    /// Units, in the products' smallest units.
    async fn quantity(&self) -> Quantity {
        Quantity(self.0.quantity)
    }
    /// Value of the units, in the currency of the books.
    async fn value(&self) -> Money {
        self.0.value.into()
    }
}

/// Changes of the value of stock.
pub struct CostReport {
    pub how: CostingContext,
    pub rows: Vec<CostRow>,
}

/// Changes of the value of stock, by group.
#[resolvers(requires = ProductCostRead)]
impl CostReport {
    /// Costing method of these values.
    async fn method(&self) -> CostingMethod {
        self.how.method.into()
    }
    /// Number of the last event that the values include.
    async fn seq(&self) -> Long {
        Long(self.how.progress.seq)
    }
    /// True if the books include the tenant's last event. After many changes they take some time: query again.
    async fn is_current(&self) -> bool {
        self.how.progress.is_current()
    }
    /// Rows in the order of their keys; the row without a group comes last.
    async fn rows(&self) -> Vec<CostReportRow> {
        self.rows.iter().cloned().map(CostReportRow).collect()
    }
}

/// Change of the value of a group's stock.
pub struct CostReportRow(pub(super) CostRow);

/// Change of the value of a group's stock: change = received − costOfGoodsSold + returned + removed + corrected + revalued.
#[resolvers(requires = ProductCostRead)]
impl CostReportRow {
    /// ID or date of the group. Null for changes that belong to no group, and without groups.
    async fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }
    /// Product of the row. Null unless rows are grouped by product.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.0.product?).await)
    }
    /// Cost of the units received.
    async fn received(&self) -> Money {
        self.0.change_by_kind(CostKind::Receipt).into()
    }
    /// Cost of the units sold, as an amount above 0. Returns are not deducted.
    async fn cost_of_goods_sold(&self) -> Money {
        let part = self.0.change_by_kind(CostKind::Sale);
        prelude::Money::new(-part.minor, part.currency).into()
    }
    /// Cost of the units that customers returned: the cost with which they were sold.
    async fn returned(&self) -> Money {
        self.0.change_by_kind(CostKind::Return).into()
    }
    /// Cost of the units removed, below 0: breakage, loss, returns to suppliers.
    async fn removed(&self) -> Money {
        self.0.change_by_kind(CostKind::Removal).into()
    }
    /// Adjustments, counts and discrepancies; below 0 where units were missing.
    async fn corrected(&self) -> Money {
        self.0.change_by_kind(CostKind::Correction).into()
    }
    /// Change by revaluations; below 0 where they lowered the value.
    async fn revalued(&self) -> Money {
        self.0.change_by_kind(CostKind::Revaluation).into()
    }
    /// Parts of charges, added after receipt, that fall on goods no longer in stock: a cost beside the value of stock, and no part of `change`. Below 0 for
    /// credits. Charges have no store: they are included for callers who see all stores.
    async fn landed_cost_variance(&self) -> Money {
        self.0.landed_cost_variance().into()
    }
    /// Sum of all changes of the value of stock.
    async fn change(&self) -> Money {
        self.0.change().into()
    }
}

/// Value of a product's units.
pub struct ProductCost(pub shell::ProductCost);

/// Value of a product's units, by both costing methods.
#[resolvers(requires = ProductCostRead)]
impl ProductCost {
    /// The product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.0.product).await
    }
    /// Costing method of the tenant.
    async fn method(&self) -> CostingMethod {
        self.0.how.method.into()
    }
    /// Number of the last event that the values include.
    async fn seq(&self) -> Long {
        Long(self.0.how.progress.seq)
    }
    /// True if the values include the tenant's last event.
    async fn is_current(&self) -> bool {
        self.0.how.progress.is_current()
    }
    /// Units in all stores and in transit, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(prelude::Quantity::new(self.0.sums.quantity).unwrap_or_default())
    }
    /// Value of the units by the tenant's costing method.
    async fn value(&self) -> Money {
        self.0.money(self.0.sums.values.by(self.0.how.method)).into()
    }
    /// Value of one whole unit by the tenant's costing method, rounded half away from zero to the minor unit. Null where there is no unit.
    async fn unit_cost(&self) -> Option<Money> {
        self.0.unit_cost(self.0.sums.values.by(self.0.how.method)).map(Money::from)
    }
    /// Value of the units by the moving average.
    async fn average_value(&self) -> Money {
        self.0.money(self.0.sums.values.average).into()
    }
    /// Value of the units, first in, first out: the sum of the layers.
    async fn fifo_value(&self) -> Money {
        self.0.money(self.0.sums.values.fifo).into()
    }
    /// Cost layers of the units in stock, the oldest first; at most 250. The first leaves first.
    async fn layers(&self) -> Vec<CostLayer> {
        self.0.layers.iter().map(|layer| CostLayer { layer: *layer, currency: self.0.how.currency }).collect()
    }
    /// True if the product has more layers than `layers` lists: the youngest are left out, and `fifoValue` includes them.
    async fn has_more_layers(&self) -> bool {
        self.0.has_more_layers
    }
}

/// Units in stock that were received at one cost.
pub struct CostLayer {
    layer: Layer,
    currency: prelude::Currency,
}

/// Units in stock that were received at one cost.
#[resolvers(requires = ProductCostRead)]
impl CostLayer {
    /// Time at which the first unit of the layer was received.
    async fn received_at(&self) -> DateTime {
        DateTime(self.layer.received_at)
    }
    /// Units left of the layer, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(prelude::Quantity::new(self.layer.quantity).unwrap_or_default())
    }
    /// Value of the units left of the layer.
    async fn value(&self) -> Money {
        prelude::Money::new(self.layer.value, self.currency).into()
    }
}
