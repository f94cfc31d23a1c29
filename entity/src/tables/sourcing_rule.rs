//! Sourcing rules of tenants: the choice of stores for the stock of orders.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "sourcing_rule")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    pub strategy: SourcingStrategy,
    pub split: SplitPolicy,
    pub max_stores: i32,
    pub updated_at: Timestamp,
}
