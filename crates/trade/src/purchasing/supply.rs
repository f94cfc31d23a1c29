//! Suppliers' catalogues, as the API shows them.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject};
use inventory::purchasing::{
    core,
    rows::{SupplySort as By, SupplySorted},
};
use macros::resolvers;

use super::links::{self, Money, Product};
use crate::{
    catalog::{Direction, Supplier},
    graphql::{
        fault::Answer,
        scalars::{DateTime, Long, Quantity},
    },
};

/// Sort order of a list of suppliers' products; rows with equal values are sorted by supplier and product.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct SupplierProductSort {
    /// Field by which the rows are sorted.
    pub field: SupplierProductSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which suppliers' products can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SupplierProductSortField {
    /// ID of the supplier, then of the product.
    Supplier,
    /// ID of the product, then of the supplier.
    Product,
    /// Time at which the row was created.
    CreatedAt,
    /// Time at which the row last changed.
    UpdatedAt,
}

crate::sorts::rows_sorted!(SupplierProductSort => SupplySorted);

/// A row of a supplier's catalogue.
#[derive(Clone)]
pub struct SupplierProduct(pub Arc<core::Supply>);

/// Row of a supplier's catalogue: a product that the supplier offers, with the supplier's SKU, pack size, cost and lead time.
#[resolvers]
impl SupplierProduct {
    /// Supplier that offers the product.
    async fn supplier(&self, ctx: &Context<'_>) -> Answer<Supplier> {
        links::supplier(ctx, self.0.supplier).await
    }
    /// Product that is offered.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.0.product).await
    }
    /// The supplier's SKU of the product. Null where there is none.
    async fn supplier_sku(&self) -> Option<&str> {
        self.0.supplier_sku.as_deref()
    }
    /// Number of smallest units in a pack, 1 or more; suggestions are whole packs.
    async fn pack_size(&self) -> Quantity {
        Quantity(self.0.pack_size)
    }
    /// Least quantity of an order, in the product's smallest unit; 0 for none.
    async fn minimum_order(&self) -> Quantity {
        Quantity(self.0.minimum_order)
    }
    /// Lead time from ordering to receiving, in days, 0 to 3,650. Null for the supplier's own.
    async fn lead_time_days(&self) -> Option<i32> {
        self.0.lead_time_days
    }
    /// Cost of one whole unit. Null for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn unit_cost(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.0.unit_cost.into())
    }
    /// Costs of one whole unit for larger quantities, by ascending quantity.
    async fn price_breaks(&self) -> Vec<PriceBreak> {
        let currency = self.0.unit_cost.currency;
        let price_break = |price_break: &core::PriceBreak| PriceBreak {
            from: price_break.from,
            cost: entity::prelude::Money::new(price_break.minor, currency),
        };
        self.0.breaks.iter().map(price_break).collect()
    }
    /// True if the supplier is the preferred one of the product.
    #[field(was("preferred", "2026-11-25"))]
    async fn is_preferred(&self) -> bool {
        self.0.is_preferred
    }
    /// Time at which the row was archived. Null while it is in use.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
    /// Version of the row, +1 for each change.
    async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change of the row.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
    /// Time at which the row was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// A price from a quantity on.
pub struct PriceBreak {
    from: entity::prelude::Quantity,
    cost: entity::prelude::Money,
}

/// Cost of one whole unit from a quantity on.
#[resolvers]
impl PriceBreak {
    /// Smallest quantity at which the price applies, in smallest units.
    async fn from_quantity(&self) -> Quantity {
        Quantity(self.from)
    }
    /// Cost of one whole unit from this quantity on. Null for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn unit_cost(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.cost.into())
    }
}

crate::connection!(counted SupplierProductConnection, SupplierProductEdge, SupplierProduct, "products that suppliers offer");
