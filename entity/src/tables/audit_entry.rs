//! One entry of the audit log. Entries are chained by their hashes once they are sealed.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditId,
    pub at: Timestamp,
    pub actor_kind: String,
    pub actor_id: Uuid,
    pub session_id: Option<SessionId>,
    pub action: String,
    pub outcome: String,
    pub target_kind: Option<String>,
    pub target_id: Option<Uuid>,
    pub request_id: String,
    pub changes: String,
    pub ip: Option<String>,
    pub ip_salt: Option<Vec<u8>>,
    pub ip_commitment: Option<Vec<u8>>,
    pub mac_key: String,
    pub mac: Vec<u8>,
    pub seq: Option<i64>,
    pub prev_hash: Option<Vec<u8>>,
    pub hash: Option<Vec<u8>>,
}
