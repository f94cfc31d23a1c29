//! A product or a lot in a stock count.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "count_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub count_id: CountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub lot_key: String,
    pub id: CountLineId,
    pub sku: String,
    pub name: String,
    /// Decimals of the unit: quantities are integers of its smallest part.
    pub unit_decimals: i32,
    /// 0 or 1.
    pub is_expected: i32,
    pub state: CountLineState,
    pub attempts: i64,
    pub counted: Option<Quantity>,
    pub counted_at: Option<Timestamp>,
    pub book: Option<i64>,
    pub book_version: Option<i64>,
    pub unit_cost_minor: Option<i64>,
    pub cost_currency: Option<String>,
    pub posted: Option<i64>,
    /// Time at which its posting was reversed.
    pub reversed_at: Option<Timestamp>,
    pub lot_id: Option<LotId>,
    pub lot_code: Option<String>,
    /// Days since 1970-01-01.
    pub made_on: Option<i32>,
    /// Days since 1970-01-01.
    pub expires_on: Option<i32>,
}
