//! Quantity of a work's line in a parcel.

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
    /// 0 if the units were taken out again.
    pub quantity: Quantity,
}
