//! A batch or a serial number of a product.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "lot")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LotId,
    pub product_id: ProductId,
    pub code: String,
    pub code_key: String,
    pub tracking: Tracking,
    /// Days since 1970-01-01.
    pub made_on: Option<i32>,
    /// Days since 1970-01-01.
    pub expires_on: Option<i32>,
    pub status: LotStatus,
    pub note: Option<String>,
    pub on_hand: Quantity,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
