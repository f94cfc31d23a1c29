//! A count of stock in a store.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "stock_count")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CountId,
    pub number: i64,
    pub kind: CountKind,
    pub status: CountStatus,
    pub store_id: StoreId,
    pub category_id: Option<CategoryId>,
    pub abc_class: Option<AbcClass>,
    /// 0 or 1.
    pub is_blind: i32,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub started_at: Option<Timestamp>,
    pub submitted_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub approver_kind: Option<String>,
    pub approver_id: Option<Uuid>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
