//! Agreements with a supplier for a time, called off by purchase orders.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "blanket_order")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BlanketOrderId,
    pub number: i64,
    pub status: BlanketOrderStatus,
    pub supplier_id: SupplierId,
    pub currency: String,
    /// The first and the last day of call-offs, as days since 1970-01-01.
    pub valid_from: i32,
    pub valid_to: i32,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    /// Reason for which it was closed.
    pub reason: Option<String>,
    pub total_minor: i64,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    /// Actors that changed the agreement, as kind and ID; None if none has.
    pub editors: Option<String>,
    pub activator_id: Option<MemberId>,
    pub activated_at: Option<Timestamp>,
    /// Time at which it expired or was closed.
    pub ended_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
