//! Units of a product that a work takes for a line of its order.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "fulfilment_work_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub work_id: FulfilmentWorkId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub nth: i32,
    pub order_id: OrderId,
    pub position: i32,
    pub product_id: ProductId,
    /// In the product's smallest unit, as all of them: the sum of the others.
    pub quantity: Quantity,
    pub open: Quantity,
    pub picked: Quantity,
    pub packed: Quantity,
    pub shipped: Quantity,
    pub dropped: Quantity,
}
