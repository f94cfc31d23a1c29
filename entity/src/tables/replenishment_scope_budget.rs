//! Limit of a period's purchases from a supplier, of a category or for a store.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "replenishment_scope_budget")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The one below that is not null, as one text.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope: String,
    pub supplier_id: Option<SupplierId>,
    /// With all categories below it.
    pub category_id: Option<CategoryId>,
    pub store_id: Option<StoreId>,
    /// Period and amount, as JSON; null where there is no limit any more.
    pub body: String,
    pub version: i64,
    pub updated_at: Timestamp,
}
