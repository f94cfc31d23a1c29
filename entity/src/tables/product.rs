//! Products that are sold and counted. Price and cost are for one whole unit; `options`,
//! `former_skus`, `tags` and `metadata` are JSON texts.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "product")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ProductId,
    pub sku: String,
    pub sku_key: String,
    pub name: String,
    pub name_key: String,
    pub description: Option<String>,
    pub status: ProductStatus,
    pub stock_policy: StockPolicy,
    pub category_id: Option<CategoryId>,
    pub supplier_id: Option<SupplierId>,
    pub family_id: Option<FamilyId>,
    pub options: String,
    pub former_skus: String,
    pub unit_code: String,
    /// Decimals of the unit: quantities are integers of its smallest part.
    pub unit_decimals: i32,
    pub price_minor: Option<i64>,
    pub price_currency: Option<String>,
    pub cost_minor: Option<i64>,
    pub cost_currency: Option<String>,
    pub low_stock_threshold: Option<Quantity>,
    pub metadata: String,
    pub search_text: String,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub tracking: Tracking,
    pub minimum_remaining_days: Option<i32>,
    /// 0 or 1.
    pub is_kit: i32,
    pub weight_grams: Option<i32>,
    pub length_mm: Option<i32>,
    pub width_mm: Option<i32>,
    pub height_mm: Option<i32>,
    pub origin_country: Option<String>,
    pub tariff_number: Option<String>,
    pub tags: String,
}
