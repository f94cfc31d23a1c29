//! Quantity of a lot in a parcel, for a work's line.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "parcel_line_lot")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub parcel_id: ParcelId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub nth: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub lot_id: LotId,
    /// In the product's smallest unit; 0 if the units were taken out again.
    pub units: i64,
    /// True if the parcel has left.
    pub has_left: bool,
}
