//! The forecast of a category with all below it, or of all products, in a store or in all of them.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "forecast_sum")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The run's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_week: i32,
    /// The nil ID: all products.
    #[sea_orm(primary_key, auto_increment = false)]
    pub category_id: CategoryId,
    /// The nil ID: all stores together.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: StoreId,
    /// Weeks ahead with their days, as JSON.
    pub body: String,
}
