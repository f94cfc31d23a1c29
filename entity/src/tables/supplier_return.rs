//! Goods that go back to a supplier.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "supplier_return")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SupplierReturnId,
    pub number: i64,
    pub supplier_id: SupplierId,
    pub store_id: StoreId,
    pub purchase_order_id: Option<PurchaseOrderId>,
    pub external_ref: Option<String>,
    pub currency: String,
    pub credit_minor: i64,
    pub reason_code: ReasonCode,
    pub note: Option<String>,
    pub occurred_at: Timestamp,
    /// Days since 1970-01-01, in the store's time zone.
    pub business_date: i32,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub created_at: Timestamp,
}
