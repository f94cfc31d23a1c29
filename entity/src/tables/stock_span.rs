//! Days on which a level had stock when they closed, or had none: one row a change.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "stock_span")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub generation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: StoreId,
    /// Business days, since 1970-01-01.
    #[sea_orm(primary_key, auto_increment = false)]
    pub from_date: i32,
    /// Inclusive; null: still.
    pub to_date: Option<i32>,
    pub state: SpanState,
}
