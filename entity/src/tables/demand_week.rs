//! Demand of a product in one week, Monday to Sunday: the sums of its days.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

/// A row exists where a figure is not 0, also of the week that is not over.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "demand_week")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub generation: i64,
    /// The Monday, in days since 1970-01-01.
    #[sea_orm(primary_key, auto_increment = false)]
    pub week_date: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: StoreId,
    pub ordered_units: i64,
    pub cancelled_units: i64,
    pub taken_back_units: i64,
    pub returned_units: i64,
    pub shipped_units: i64,
}
