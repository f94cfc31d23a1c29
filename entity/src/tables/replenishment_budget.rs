//! Limit of a period's purchases.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "replenishment_budget")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Period and amount, as JSON; null where there is no limit any more.
    pub body: String,
    pub version: i64,
    pub updated_at: Timestamp,
}
