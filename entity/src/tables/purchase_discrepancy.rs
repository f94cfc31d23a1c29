//! A difference between the ordered and the delivered goods.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "purchase_discrepancy")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub purchase_order_id: PurchaseOrderId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    pub receipt_id: Option<GoodsReceiptId>,
    pub position: Option<i32>,
    pub product_id: Option<ProductId>,
    pub kind: DiscrepancyKind,
    pub quantity: Quantity,
    pub note: Option<String>,
    pub noted_at: Timestamp,
}
