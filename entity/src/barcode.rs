//! A code printed on a product or on a pack of it.

use sea_orm::entity::prelude::*;

use crate::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "barcode")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// As it was given.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// The code as it is unique: a GTIN in fourteen digits.
    pub code_key: String,
    pub product_id: ProductId,
    pub pack_quantity: i64,
    pub position: i32,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::Tenanted for Entity {
    const TENANT: Column = Column::TenantId;
}
