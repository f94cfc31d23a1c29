//! A product on a purchase order, with the states of its units.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "purchase_order_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub purchase_order_id: PurchaseOrderId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    pub supplier_sku: Option<String>,
    /// Decimals of the unit: quantities are integers of its smallest part.
    pub unit_decimals: i32,
    /// Days since 1970-01-01.
    pub expected_on: Option<i32>,
    /// Weight of the whole line, in any unit that all lines share.
    pub weight: Option<i64>,
    pub quantity: Quantity,
    pub most: Quantity,
    pub unit_cost_minor: i64,
    pub total_minor: i64,
    pub charges_minor: i64,
    pub received: Quantity,
    pub damaged: Quantity,
    pub open: Quantity,
    pub short: Quantity,
    pub returned: Quantity,
    /// By how much receipts less their reversals carry more goods than the quantity that is received, in minor units.
    pub goods_off_minor: i64,
    /// By how much receipts less their reversals carry more charges than the quantity that is
    /// received, in minor units.
    pub charges_off_minor: i64,
    /// The day that the supplier confirmed.
    pub confirmed_on: Option<i32>,
    /// Quantity of the whole line that the supplier confirmed.
    pub confirmed_quantity: Option<Quantity>,
    /// The day that the supplier's lead time gives.
    pub lead_on: Option<i32>,
    pub lead_from: Option<LeadSource>,
    /// The revision of the order that it last changed in.
    pub revision: i32,
    pub cancelled_at: Option<Timestamp>,
    /// Share of charges in other currencies than the order's, in the currency of the books.
    pub charges_books_minor: i64,
    /// By how much receipts less their reversals carry more of them than the quantity that is received.
    pub charges_books_off_minor: i64,
}
