//! A return of a customer.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "sales_return")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReturnId,
    pub number: i64,
    pub status: ReturnStatus,
    pub store_id: StoreId,
    pub customer_id: Option<CustomerId>,
    pub channel_id: Option<ChannelId>,
    pub external_ref: Option<String>,
    pub currency: String,
    pub refund_minor: i64,
    pub note: Option<String>,
    pub occurred_at: Timestamp,
    pub received_at: Option<Timestamp>,
    /// Days since 1970-01-01, in the store's time zone.
    pub business_date: i32,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub refunded_minor: Option<i64>,
    pub reject_reason: Option<String>,
    pub country: Option<String>,
    /// Whether it was taken in as it was created; None where that was not kept.
    pub at_counter: Option<bool>,
    /// The register that it was created at; null where none was named.
    pub register: Option<String>,
}
