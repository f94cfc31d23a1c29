//! Change of a product's value by an entry or a revaluation.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "cost_posting")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i32,
    pub product_id: ProductId,
    pub store_id: Option<StoreId>,
    pub kind: CostKind,
    pub basis: CostBasis,
    pub reference_id: Option<Uuid>,
    pub quantity: i64,
    pub average_minor: i64,
    pub fifo_minor: i64,
    pub occurred_at: Timestamp,
    /// Days since 1970-01-01, in the store's time zone.
    pub business_date: i32,
    pub recorded_at: Timestamp,
    /// Value of the units before a revaluation, as JSON.
    pub worth_before: Option<String>,
}
