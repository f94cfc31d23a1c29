//! Names of products that a user has confirmed: of two that are no duplicates, or of one, paired
//! with itself, whose name is not to be cleaned.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "product_name_refusal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The lesser ID of both.
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub other_id: ProductId,
    /// The names that were found right: another name is a new question.
    pub name: String,
    pub other_name: String,
    pub recorded_at: Timestamp,
}
