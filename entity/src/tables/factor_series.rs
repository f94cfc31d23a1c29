//! A series that moves demand from outside: promotions, prices, holidays, weather.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "factor_series")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    pub kind: FactorKind,
    pub name: String,
    /// `None`: for all stores, or for those of a country.
    pub store_id: Option<StoreId>,
    /// With no category either: of all products.
    pub product_id: Option<ProductId>,
    /// With all categories below it.
    pub category_id: Option<CategoryId>,
    pub country: Option<String>,
    /// The first and the last day on which it is known.
    pub from_date: i32,
    pub until_date: i32,
    /// Days and values as JSON, ascending.
    pub body: String,
    pub version: i64,
    pub updated_at: Timestamp,
}
