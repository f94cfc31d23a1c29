//! Order lines on which the units of a return were sold.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "return_match")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub return_id: ReturnId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub return_position: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: OrderId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_position: i32,
    pub quantity: Quantity,
    pub received: Quantity,
    /// Minor units that its closed return gave back on the order, of the first of that order's; the others have 0. NULL until it is closed.
    pub given_minor: Option<i64>,
}
