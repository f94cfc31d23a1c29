//! What is picked, packed and shipped together of an order.

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
    /// SHIPPED also of what did not arrive: `failed_at` says so.
    pub status: FulfilmentStatus,
    pub shipped_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// The work that it ships; None of what left without one.
    pub work_id: Option<FulfilmentWorkId>,
    pub delivered_at: Option<Timestamp>,
    pub failed_at: Option<Timestamp>,
    pub failed_reason: Option<String>,
}
