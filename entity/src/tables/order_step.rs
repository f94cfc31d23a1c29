//! Steps of an order after it was placed: a row for each version.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "order_step")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: OrderId,
    /// The order's version after the step.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    /// Number of the step among those of one command, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub nth: i64,
    /// Kind of the event of the step.
    pub action: String,
    pub cancel_reason: Option<CancelReason>,
    pub reason: Option<String>,
    pub recorded_at: Timestamp,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    /// The register that it was taken at; null where none was named.
    pub register: Option<String>,
}
