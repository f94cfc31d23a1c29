//! A key of an integration. Its hash is in `api_key_index`.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    pub integration_id: IntegrationId,
    pub name: String,
    pub prefix: String,
    pub permissions: Option<String>,
    pub scope: Option<String>,
    pub cidrs: String,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub trusted_documents_only: bool,
    pub budget_points: Option<i64>,
    pub budget_restored: Option<i64>,
    pub leaked_at: Option<Timestamp>,
}
