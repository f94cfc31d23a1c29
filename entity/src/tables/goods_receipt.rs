//! A delivery of a purchase order.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "goods_receipt")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GoodsReceiptId,
    pub purchase_order_id: PurchaseOrderId,
    pub number: i32,
    pub store_id: StoreId,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub occurred_at: Timestamp,
    /// Days since 1970-01-01, in the store's time zone.
    pub business_date: i32,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub created_at: Timestamp,
    /// The frozen exchange rate; null where the order is in the currency of the books.
    pub rate_numerator: Option<String>,
    pub rate_denominator: Option<String>,
    /// Days since 1970-01-01.
    pub rate_day: Option<i32>,
    pub rate_source: Option<String>,
    pub books_currency: Option<String>,
}
