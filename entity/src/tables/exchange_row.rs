//! A row of an import that was refused.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "exchange_row")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub exchange_id: ExchangeId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub code: String,
    pub field: String,
    pub message: String,
}
