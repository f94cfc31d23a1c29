//! Layout of a tenant's printed documents.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "paper_settings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The settings without the logo, as JSON.
    pub body: String,
    /// A JPEG.
    pub logo: Option<Vec<u8>>,
    pub version: i64,
    pub updated_at: Timestamp,
}
