//! A store's share of an order.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "fulfilment_work")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FulfilmentWorkId,
    pub order_id: OrderId,
    /// Number among its order's works, from 1.
    pub nth: i32,
    pub store_id: StoreId,
    /// Follows from its lines, and from whether it was accepted, rejected or is ready; kept for the index.
    pub status: WorkStatus,
    pub due_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub assignee_kind: Option<ActorKind>,
    pub assignee_id: Option<Uuid>,
    pub ready_at: Option<Timestamp>,
    pub collect_code: Option<String>,
    pub reject_reason: Option<RejectReason>,
    pub reject_note: Option<String>,
    /// The work that it took goods over from.
    pub moved_from: Option<FulfilmentWorkId>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
