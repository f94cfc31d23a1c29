//! Part of an order or a return that is counted in the demand facts.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

/// A row exists while the document counts.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "demand_document")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub generation: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub document_id: Uuid,
    /// Mutable part of it, as JSON: the rest is frozen in the document.
    pub counted: String,
}
