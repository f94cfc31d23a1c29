//! A document that undoes another one, or a step of it.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "document_reversal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReversalId,
    pub number: i64,
    pub kind: ReversedKind,
    /// Reversed part: a goods receipt, a movement of a transfer, a return to a supplier, a count,
    /// an order sold over the counter, a fulfilment, a return.
    pub part_id: Uuid,
    /// The document that it belongs to, or is.
    pub document_id: Uuid,
    pub store_id: StoreId,
    /// Other store of a transfer, if its stock changed too.
    pub other_store_id: Option<StoreId>,
    pub note: String,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub occurred_at: Timestamp,
    /// Days since 1970-01-01, in the store's time zone.
    pub business_date: i32,
    pub created_at: Timestamp,
}
