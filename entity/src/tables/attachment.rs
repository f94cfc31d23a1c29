//! A file that is attached to an object.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "attachment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttachmentId,
    pub target_kind: String,
    pub target_id: Uuid,
    pub file_id: FileId,
    pub name: String,
    pub description: String,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub created_at: Timestamp,
}
