//! Fulfilments: parts of an order that are picked, packed and shipped together.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "fulfilment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FulfilmentId,
    pub order_id: OrderId,
    pub store_id: StoreId,
    /// SHIPPED also for failed deliveries: those have `failed_at`.
    pub status: FulfilmentStatus,
    pub shipped_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// The work that it ships; `None` if it was shipped without one.
    pub work_id: Option<FulfilmentWorkId>,
    pub delivered_at: Option<Timestamp>,
    pub failed_at: Option<Timestamp>,
    pub failed_reason: Option<String>,
}
