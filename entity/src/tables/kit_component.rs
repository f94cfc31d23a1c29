//! A product in a kit.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "kit_component")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kit_id: ProductId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub component_id: ProductId,
    pub position: i32,
    pub quantity: Quantity,
}
