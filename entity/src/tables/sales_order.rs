//! An order of a customer.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "sales_order")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OrderId,
    pub number: i64,
    pub status: OrderStatus,
    pub store_id: StoreId,
    pub channel_id: ChannelId,
    pub customer_id: Option<CustomerId>,
    pub external_ref: Option<String>,
    pub currency: String,
    pub total_minor: i64,
    pub placed_at: Timestamp,
    /// Days since 1970-01-01, in the store's time zone.
    pub business_date: i32,
    pub expires_at: Option<Timestamp>,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub country: Option<String>,
    /// Kinds of the holds that are not lifted, sorted, a line each; null without such a hold.
    pub hold_kinds: Option<String>,
    /// Amount that is authorised and neither captured nor void.
    pub authorised_minor: i64,
    pub captured_minor: i64,
    pub refunded_minor: i64,
    /// Amount that closed returns gave back.
    pub returned_minor: i64,
    pub payment_status: PaymentStatus,
    pub refund_status: RefundStatus,
    /// The register that it was placed at; null where none was named.
    pub register: Option<String>,
}
