//! The head of a tenant's journal, and the last number of each kind of document.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "tenant_counter")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    pub epoch: Uuid,
    pub head: i64,
    pub order_number: i64,
    pub return_number: i64,
    pub low_seq: i64,
    pub purchase_order_number: i64,
    pub supplier_return_number: i64,
    pub transfer_number: i64,
    pub count_number: i64,
    pub master_seq: i64,
    pub revaluation_number: i64,
    pub reversal_number: i64,
    pub recorded_at: Timestamp,
    pub ordered_from: i64,
    pub blanket_order_number: i64,
}
