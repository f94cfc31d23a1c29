//! How much of a work's line is in a parcel.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "parcel_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub parcel_id: ParcelId,
    pub work_id: FulfilmentWorkId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub nth: i32,
    /// 0 of what was taken out again.
    pub quantity: Quantity,
}
