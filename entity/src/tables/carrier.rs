//! A company that takes parcels to their addresses.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "carrier")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CarrierId,
    pub code: String,
    pub code_key: String,
    pub name: String,
    /// A JSON array of texts.
    pub services: String,
    /// URL with `{number}` in place of a parcel's tracking number.
    pub tracking_url_template: Option<String>,
    pub number_pattern: Option<String>,
    pub is_active: bool,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
