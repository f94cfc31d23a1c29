//! The language model of a tenant's choice that proposes descriptions of products.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "description_endpoint")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    pub url: String,
    pub model: String,
    pub key_sealed: Option<Vec<u8>>,
    /// 0 or 1.
    pub is_enabled: i32,
    pub max_tokens: i32,
    pub calls_per_day: i32,
    /// Days since 1970, UTC.
    pub calls_day: i64,
    /// Calls of that day.
    pub calls: i64,
    pub version: i64,
    pub updated_at: Timestamp,
}
