//! Effects of a reversal, as its dry run shows them.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "document_reversal_effect")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub reversal_id: ReversalId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// A TypeID.
    pub subject: String,
    pub kind: ReversalEffect,
    pub quantity_delta: Option<i64>,
    pub money_minor: Option<i64>,
    pub currency: Option<String>,
    pub status_before: Option<String>,
    pub status_after: Option<String>,
}
