//! The forecast of a product in a store, or in all stores together.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "forecast_series")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_week: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    /// The nil ID: all stores together.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: StoreId,
    pub class: DemandClass,
    /// The class that this run alone computed; `class` follows when two runs agree.
    pub computed_class: DemandClass,
    pub status: ForecastStatus,
    /// Forecast weeks and their basis, as JSON.
    pub body: String,
}
