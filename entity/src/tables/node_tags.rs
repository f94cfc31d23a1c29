//! Tags and custom data of an object of one of several kinds, beside its own row.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "node_tags")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub target_id: Uuid,
    pub target_kind: String,
    /// A JSON list of texts.
    pub tags: String,
    /// The tags folded, with a line end before and after each; empty without tags.
    pub tag_keys: String,
    /// A JSON object.
    pub metadata: String,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
