//! A set of permissions. `permissions` and `inherits` are JSON texts.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "role")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RoleId,
    pub key: String,
    pub name: String,
    pub permissions: String,
    pub inherits: String,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
