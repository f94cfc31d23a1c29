//! A product on a return to a supplier.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "supplier_return_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub supplier_return_id: SupplierReturnId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    /// Decimals of the unit: quantities are integers of its smallest part.
    pub unit_decimals: i32,
    pub purchase_order_id: Option<PurchaseOrderId>,
    pub order_position: Option<i32>,
    pub quantity: Quantity,
    pub source: ReturnSource,
    pub unit_credit_minor: i64,
    pub total_minor: i64,
    /// Quantity that reversals returned to stock.
    pub reversed: Quantity,
}
