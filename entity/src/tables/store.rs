//! Where stock is kept.

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
    /// JSON: a list. Rows that older releases remember do not say it.
    #[serde(default)]
    pub contacts: String,
    #[serde(default)]
    pub address: Option<String>,
    /// JSON: a list. Rows that older releases remember do not say it: they are read anew, or an older node beside this one would hide it.
    pub tax_ids: String,
    #[serde(default)]
    pub payment_terms: Option<String>,
    /// JSON: an object. Rows that older releases remember do not say it: they are read anew, as with `tax_ids`.
    pub handling_time: String,
    /// JSON: an object. Rows that older releases remember do not say it: they are read anew, as with `tax_ids`.
    pub anomaly_limits: String,
}
