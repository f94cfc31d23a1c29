//! Whether and from where a store serves orders.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "store_sourcing")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: StoreId,
    /// 0 or 1.
    pub is_source: i32,
    pub priority: i32,
    /// Millionths of a degree.
    pub latitude: Option<i32>,
    /// Millionths of a degree.
    pub longitude: Option<i32>,
    pub updated_at: Timestamp,
}
