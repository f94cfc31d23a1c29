//! A link by which a saved view is read without a key.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "saved_view_link")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SavedViewLinkId,
    pub view_id: SavedViewId,
    /// SHA-256 of its secret, in hexadecimal digits.
    pub secret_hash: String,
    /// Values of the view's variables, as a JSON object.
    pub variables: String,
    /// Actor whose rights the link has.
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    /// The key that a program made it with.
    pub key_id: Option<ApiKeyId>,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
    /// To the minute; null if the link was never used.
    pub last_used_at: Option<Timestamp>,
}
