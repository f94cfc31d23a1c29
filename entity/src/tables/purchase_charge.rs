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
}
