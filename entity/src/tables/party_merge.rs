//! A merge of two customers, or of two suppliers, with the data that it moved.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "party_merge")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Null of suppliers, as the column after it.
    pub customer_id: Option<CustomerId>,
    pub into_customer_id: Option<CustomerId>,
    /// Null of customers, as the column after it.
    pub supplier_id: Option<SupplierId>,
    pub into_supplier_id: Option<SupplierId>,
    /// JSON: what went over to the one that stayed.
    pub moved: String,
    pub merged_at: Timestamp,
    /// Null unless the merge was undone.
    pub undone_at: Option<Timestamp>,
}
