//! A rule that sets a hold on orders automatically when they are confirmed.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "hold_rule")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    pub kind: String,
    pub reason: String,
    /// Null with the currency where any total matches.
    pub total_minor: Option<i64>,
    pub currency: Option<String>,
    pub is_unpaid: bool,
    pub lacks_address: bool,
    /// A line each; empty where any country matches.
    pub countries: String,
    pub archived_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// 0 or 1, as the next one.
    pub is_billed_elsewhere: i32,
    pub is_new_customer: i32,
    /// A line each; empty where any customer matches.
    pub customer_tags: String,
    /// A line each; empty where any product matches.
    pub product_tags: String,
    /// 0 or 1.
    pub lifts_itself: i32,
}
