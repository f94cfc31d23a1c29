//! A product of a blanket order, with its called-off quantity.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "blanket_order_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub blanket_order_id: BlanketOrderId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    pub unit_decimals: i32,
    pub quantity: Quantity,
    pub unit_cost_minor: i64,
    pub total_minor: i64,
    /// Quantity on its purchase orders, less what will not arrive.
    pub called_off: Quantity,
    /// Least quantity that one purchase order calls off, unless it is the rest.
    pub call_off_minimum: Option<Quantity>,
    /// Steps in which it is called off, unless it is the rest.
    pub call_off_multiple: Option<Quantity>,
}
