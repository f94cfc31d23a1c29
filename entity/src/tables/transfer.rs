//! Stock that is moved from a store to another.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "transfer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TransferId,
    pub number: i64,
    pub status: TransferStatus,
    pub from_store_id: StoreId,
    pub to_store_id: StoreId,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub expected_at: Option<Timestamp>,
    pub shipped_at: Option<Timestamp>,
    pub received_at: Option<Timestamp>,
    pub loss_reason: Option<ReasonCode>,
    pub loss_note: Option<String>,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// A JSON object; None where none was given.
    pub metadata: Option<String>,
}
