//! A business fact that changed stock. Append only; its lines are in `entry`.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "movement")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The number of its event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub id: MovementId,
    pub kind: MovementKind,
    pub reason_code: Option<String>,
    pub note: Option<String>,
    pub external_ref: Option<String>,
    pub reference_kind: Option<String>,
    pub reference_id: Option<Uuid>,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub reverses_id: Option<MovementId>,
    pub occurred_at: Timestamp,
    /// Days since 1970-01-01, in the store's time zone.
    pub business_date: i32,
    pub recorded_at: Timestamp,
}
