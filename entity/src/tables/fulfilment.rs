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
    pub status: FulfilmentStatus,
    pub shipped_at: Option<Timestamp>,
    pub created_at: Timestamp,
}
