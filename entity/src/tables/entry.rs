//! The line of a movement: the change of one level, and the values after it. Append only.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// From 1, in its movement.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i32,
    pub movement_id: MovementId,
    pub product_id: ProductId,
    pub store_id: StoreId,
    pub lot_id: Option<LotId>,
    pub condition: Option<String>,
    pub owner_id: Option<Uuid>,
    pub bin: Option<String>,
    pub on_hand_delta: i64,
    pub reserved_delta: i64,
    pub unavailable_delta: i64,
    pub incoming_delta: i64,
    pub in_transit_delta: i64,
    pub on_hand_after: Quantity,
    pub reserved_after: Quantity,
    pub unavailable_after: Quantity,
    pub version_after: i64,
    /// For one whole unit.
    pub unit_cost_minor: Option<i64>,
    pub cost_currency: Option<String>,
    pub value_minor: Option<i64>,
    pub note: Option<String>,
    pub occurred_at: Timestamp,
    /// The latest `occurred_at` among this and all earlier entries of the level.
    pub occurred_max: Timestamp,
    pub recorded_at: Timestamp,
}
