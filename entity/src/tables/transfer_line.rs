//! A product on a transfer, with the states of its units.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "transfer_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub transfer_id: TransferId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    /// Decimals of the unit: quantities are integers of its smallest part.
    pub unit_decimals: i32,
    pub quantity: Quantity,
    pub shipped: Quantity,
    pub received: Quantity,
    pub lost: Quantity,
    pub unit_cost_minor: Option<i64>,
    pub cost_currency: Option<String>,
}
