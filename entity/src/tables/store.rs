//! Stores that keep stock.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record, serde::Serialize, serde::Deserialize)]
#[sea_orm(table_name = "store")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: StoreId,
    pub code: String,
    pub code_key: String,
    pub name: String,
    pub kind: StoreKind,
    pub time_zone: String,
    pub archived_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// JSON: a list. Cached rows of older releases lack the field.
    #[serde(default)]
    pub contacts: String,
    #[serde(default)]
    pub address: Option<String>,
    /// JSON: a list. Cached rows of older releases lack the field: they are read again, as an older
    /// node beside this one would otherwise hide it.
    pub tax_ids: String,
    #[serde(default)]
    pub payment_terms: Option<String>,
    /// JSON: an object. Cached rows of older releases lack the field: they are read again, as with
    /// `tax_ids`.
    pub handling_time: String,
    /// JSON: an object. Cached rows of older releases lack the field: they are read again, as with
    /// `tax_ids`.
    pub anomaly_limits: String,
}
