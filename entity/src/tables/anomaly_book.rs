//! Up to which day a store's movements were judged.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "anomaly_book")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: StoreId,
    /// The last day, in days since 1970-01-01, in the store's time zone.
    pub business_date: i32,
    pub judged_at: Timestamp,
}
