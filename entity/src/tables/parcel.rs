//! Parcels: parts of a work that are packed together.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "parcel")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ParcelId,
    pub work_id: FulfilmentWorkId,
    pub position: i32,
    /// Fulfilment that it left with.
    pub fulfilment_id: Option<FulfilmentId>,
    pub carrier_id: Option<CarrierId>,
    pub service: Option<String>,
    pub tracking_number: Option<String>,
    /// In grams.
    pub weight: Option<i64>,
    pub created_at: Timestamp,
}
