//! Units of a level that are promised.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "reservation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReservationId,
    pub product_id: ProductId,
    pub store_id: StoreId,
    pub quantity: Quantity,
    pub remaining: Quantity,
    pub status: ReservationStatus,
    pub expires_at: Option<Timestamp>,
    pub channel_id: Option<ChannelId>,
    pub order_id: Option<OrderId>,
    pub order_position: Option<i32>,
    pub reference_kind: Option<String>,
    pub reference_id: Option<Uuid>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
