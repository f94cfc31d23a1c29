//! Keys of demand facts that no longer have rows: a reader of increments deletes them.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

/// A row exists if `demand_day` had a row of this key and generation, and no longer has one.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "demand_gone")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub generation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub business_date: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: StoreId,
    /// Nil: of no channel.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: ChannelId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub currency: String,
    /// The event that left no figure of the row.
    pub revised_seq: i64,
}
