//! Quantities of a lot in a store.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "lot_level")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: StoreId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub lot_id: LotId,
    pub on_hand: i64,
    pub unavailable: i64,
    pub received_at: Timestamp,
    pub updated_at: Timestamp,
    pub counted_at: Option<Timestamp>,
}
