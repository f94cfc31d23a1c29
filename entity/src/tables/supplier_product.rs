//! Catalogue rows of suppliers: price and terms of a product.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "supplier_product")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub supplier_id: SupplierId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    pub supplier_sku: Option<String>,
    pub pack_size: Quantity,
    pub minimum_order: Quantity,
    pub lead_time_days: Option<i32>,
    pub currency: String,
    pub unit_cost_minor: i64,
    pub price_breaks: String,
    pub preferred: i32,
    pub archived_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
