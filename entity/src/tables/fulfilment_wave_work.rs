//! A work in a wave. It is in one open wave at most.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "fulfilment_wave_work")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub wave_id: FulfilmentWaveId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub work_id: FulfilmentWorkId,
    /// The store of both.
    pub store_id: StoreId,
    /// Position in the wave, from 1.
    pub nth: i32,
    /// Time at which the wave was closed; None while it is open.
    pub left_at: Option<Timestamp>,
}
