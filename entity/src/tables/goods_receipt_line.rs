//! Delivered quantities of a line of a purchase order.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "goods_receipt_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub receipt_id: GoodsReceiptId,
    pub purchase_order_id: PurchaseOrderId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub quantity: Quantity,
    pub damaged: Quantity,
    pub goods_minor: i64,
    pub charges_minor: i64,
    pub damaged_as: Condition,
    /// Goods and all charges in the currency of the books; null where the order is in it.
    pub books_minor: Option<i64>,
    /// Quantity that reversals took back, damaged goods included.
    pub reversed: Quantity,
    pub reversed_damaged: Quantity,
    /// Share of charges in other currencies than the order's, in the currency of the books.
    pub charges_books_minor: i64,
}
