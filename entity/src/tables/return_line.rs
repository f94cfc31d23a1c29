//! A line of a return: a product or a charge, with the states of its units.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "return_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub return_id: ReturnId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub kind: LineKind,
    pub product_id: Option<ProductId>,
    pub sku: String,
    pub name: String,
    /// Decimals of the unit: quantities are integers of its smallest part.
    pub unit_decimals: i32,
    pub quantity: Quantity,
    pub unit_price_minor: i64,
    pub total_minor: i64,
    pub disposition: Disposition,
    pub received: Quantity,
    pub restocked: Quantity,
    pub quarantined: Quantity,
    pub written_off: Quantity,
}
