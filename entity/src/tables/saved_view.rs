//! A query that is kept under a name.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "saved_view")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SavedViewId,
    /// Name in addresses, unique in a tenant.
    pub slug: String,
    pub name: String,
    pub document: String,
    /// Values of its variables where a reader gives none, as a JSON object.
    pub variables: String,
    /// Points with these values.
    pub cost: i64,
    /// 0 or 1.
    pub is_paused: i32,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Roles and members whom it is shared with, as a JSON object; null: all who may read views.
    pub readers: Option<String>,
}
