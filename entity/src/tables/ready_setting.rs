//! Whether customers are written to when goods are ready, and in which words: of the tenant, or of a store.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "ready_setting")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The nil id for the tenant's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: StoreId,
    /// Content, as JSON.
    pub body: String,
    pub version: i64,
    pub updated_at: Timestamp,
}
