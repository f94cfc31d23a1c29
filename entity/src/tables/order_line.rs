//! A line of an order: a product or a charge, with the states of its units.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "order_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: OrderId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub kind: LineKind,
    pub product_id: Option<ProductId>,
    pub sku: String,
    pub name: String,
    pub stock_policy: StockPolicy,
    /// Decimals of the unit: quantities are integers of its smallest part.
    pub unit_decimals: i32,
    pub quantity: Quantity,
    pub open: Quantity,
    pub backordered: Quantity,
    pub cancelled: Quantity,
    pub fulfilled: Quantity,
    pub returned: Quantity,
    pub unit_price_minor: i64,
    pub discount_minor: i64,
    pub tax_minor: i64,
    pub total_minor: i64,
    pub unit_cost_minor: Option<i64>,
    pub return_pending: Quantity,
    /// Quantity to which the last stated discount and tax belong; null with them while the line is
    /// as it was placed.
    pub basis_quantity: Option<Quantity>,
    pub basis_discount_minor: Option<i64>,
    pub basis_tax_minor: Option<i64>,
    /// The line as it was placed, where an edit changed it since; a quantity of 0 where an edit added it.
    pub placed_quantity: Option<Quantity>,
    pub placed_price_minor: Option<i64>,
    pub placed_discount_minor: Option<i64>,
    pub placed_total_minor: Option<i64>,
    /// Tax rate on the price less the discount, in millionths; null if the tax is stated as an
    /// amount.
    pub tax_rate: Option<i64>,
}
