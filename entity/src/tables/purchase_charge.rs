//! A charge on a purchase order, which is spread over its lines.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "purchase_charge")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub purchase_order_id: PurchaseOrderId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub kind: ChargeKind,
    pub basis: ChargeBasis,
    pub name: String,
    pub amount_minor: i64,
    pub supplier_id: Option<SupplierId>,
    /// Currency of the amount; null if it is the order's.
    pub currency: Option<String>,
    /// Amount in the currency of the books, frozen when it was written; null if it is in the
    /// order's currency.
    pub books_minor: Option<i64>,
    pub books_currency: Option<String>,
    /// The frozen exchange rate; null where the charge is in the currency of the books.
    pub rate_numerator: Option<String>,
    pub rate_denominator: Option<String>,
    /// Days since 1970-01-01.
    pub rate_day: Option<i32>,
    pub rate_source: Option<String>,
}
