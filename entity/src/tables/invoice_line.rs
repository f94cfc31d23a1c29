//! A line of an order on an invoice or a credit note.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "invoice_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub invoice_id: InvoiceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub order_id: OrderId,
    pub sku: String,
    pub name: String,
    /// Decimals of the unit: quantities are integers of its smallest part.
    pub unit_decimals: i32,
    pub quantity: Quantity,
    pub unit_price_minor: i64,
    pub discount_minor: i64,
    pub tax_minor: i64,
    pub total_minor: i64,
    /// In millionths; None where the tax was stated as an amount.
    pub tax_rate: Option<i64>,
}
