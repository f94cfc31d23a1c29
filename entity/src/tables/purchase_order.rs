//! Orders of a store from a supplier.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "purchase_order")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PurchaseOrderId,
    pub number: i64,
    pub status: PurchaseOrderStatus,
    pub supplier_id: SupplierId,
    pub store_id: StoreId,
    pub currency: String,
    /// Days since 1970-01-01.
    pub expected_on: Option<i32>,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub over_percent: i32,
    pub under_percent: i32,
    pub goods_minor: i64,
    pub charges_minor: i64,
    pub reason: Option<String>,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub requester_kind: Option<ActorKind>,
    pub requester_id: Option<Uuid>,
    pub approver_id: Option<MemberId>,
    pub submitted_at: Option<Timestamp>,
    pub decided_at: Option<Timestamp>,
    pub ordered_at: Option<Timestamp>,
    pub received_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub editors: Option<String>,
    /// 1 as it was ordered, +1 for each amendment since.
    pub revision: i32,
    /// Time at which the supplier last confirmed part of it.
    pub confirmed_at: Option<Timestamp>,
    /// The blanket order that it calls off from.
    pub blanket_order_id: Option<BlanketOrderId>,
    /// The rate that its receipts take, a decimal as text, the currency of the books that it leads to, and the day of the rate that it was compared with.
    pub fixed_rate: Option<String>,
    pub fixed_rate_currency: Option<String>,
    /// The newest revision that was mailed to the supplier.
    pub sent_revision: Option<i32>,
    pub sent_at: Option<Timestamp>,
    /// The revision that stood when the supplier last confirmed something.
    pub confirmed_revision: Option<i32>,
    pub fixed_rate_day: Option<i32>,
}
