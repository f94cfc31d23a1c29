//! Stock of a product in a store.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "stock_level")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: StoreId,
    pub id: LevelId,
    pub on_hand: Quantity,
    pub reserved: Quantity,
    pub unavailable: Quantity,
    pub incoming: Quantity,
    pub in_transit: Quantity,
    pub safety_stock: Quantity,
    pub reorder_point: Option<Quantity>,
    pub maximum: Option<Quantity>,
    /// The latest `occurred_at` among its entries.
    pub last_occurred_at: Timestamp,
    /// +1 for each entry.
    pub version: i64,
    /// The last event that changed it.
    pub seq: i64,
    pub updated_at: Timestamp,
    /// Time of the last count; null: never.
    pub counted_at: Option<Timestamp>,
    /// Location in the store, as in `A-03-12`; null: not set.
    pub bin_location: Option<String>,
}
