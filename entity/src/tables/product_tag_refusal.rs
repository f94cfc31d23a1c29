//! A tag that is no longer suggested for a product, because a user refused it.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "product_tag_refusal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    /// The tag, folded.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tag_key: String,
    pub recorded_at: Timestamp,
}
