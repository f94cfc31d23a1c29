//! Quantity of an order line that a fulfilment takes.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "fulfilment_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub fulfilment_id: FulfilmentId,
    pub order_id: OrderId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_position: i32,
    pub quantity: Quantity,
}
