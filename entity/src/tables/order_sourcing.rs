//! Sourcing of a draft's stock once it is placed.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "order_sourcing")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: OrderId,
    pub strategy: SourcingStrategy,
    pub split: SplitPolicy,
    pub max_stores: i32,
    /// Millionths of a degree.
    pub latitude: Option<i32>,
    /// Millionths of a degree.
    pub longitude: Option<i32>,
}
