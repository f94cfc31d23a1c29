//! Products that are sold and counted. Price and cost are for one whole unit; `options`,
//! `former_skus` and `metadata` are JSON texts.

use sea_orm::entity::prelude::*;

use crate::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
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
    pub unit_decimals: i32,
    pub price_minor: Option<i64>,
    pub price_currency: Option<String>,
    pub cost_minor: Option<i64>,
    pub cost_currency: Option<String>,
    pub low_stock_threshold: Option<i64>,
    pub metadata: String,
    pub search_text: String,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::Tenanted for Entity {
    const TENANT: Column = Column::TenantId;
}
