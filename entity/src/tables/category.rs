//! A node in the tree of products. `metadata` is a JSON text.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record, serde::Serialize, serde::Deserialize)]
#[sea_orm(table_name = "category")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CategoryId,
    pub parent_id: Option<CategoryId>,
    pub name: String,
    pub slug: String,
    pub position: i32,
    pub image_url: Option<String>,
    pub metadata: String,
    pub archived_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub description: Option<String>,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    /// Whether shops offer it. Cached rows of older releases lack the field.
    #[serde(default = "offered")]
    pub is_active: bool,
}

/// Default of `is_active` for cached rows without the field.
fn offered() -> bool {
    true
}
