//! A file. Its bytes are in a folder or a bucket under the name in `blob`.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "file")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FileId,
    pub purpose: String,
    pub name: String,
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    pub sha256: Option<Vec<u8>>,
    pub blob: Option<String>,
    pub state: String,
    pub maker_kind: ActorKind,
    pub maker_id: Uuid,
    pub created_at: Timestamp,
    pub ready_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    /// Pixels.
    pub width: Option<i64>,
    /// Pixels.
    pub height: Option<i64>,
    pub thumbnails: Option<String>,
    /// The key that a program made it with.
    pub key_id: Option<ApiKeyId>,
}
