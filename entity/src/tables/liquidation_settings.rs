//! Criteria of dead stock, and the actions a tenant allows for it.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "liquidation_settings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Criteria, as JSON.
    pub body: String,
    pub version: i64,
    pub updated_at: Timestamp,
}
