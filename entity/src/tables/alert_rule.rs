//! Rules that raise alerts of a kind, with the recipients of their e-mails.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "alert_rule")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AlertRuleId,
    pub kind: AlertKind,
    pub scope: String,
    pub store_id: Option<StoreId>,
    pub category_id: Option<CategoryId>,
    pub product_id: Option<ProductId>,
    /// 0 or 1.
    pub is_enabled: i32,
    pub threshold: Option<Quantity>,
    pub days: Option<i32>,
    pub emails: String,
    pub members: String,
    /// Minutes since midnight.
    pub quiet_from: Option<i32>,
    /// Minutes since midnight.
    pub quiet_to: Option<i32>,
    pub time_zone: Option<String>,
    pub digest: AlertDigest,
    pub digest_hour: i32,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
