//! An import, an export or a bulk mutation, and how far it is.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "exchange")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExchangeId,
    pub kind: String,
    pub noun: Option<String>,
    pub options: String,
    pub told: String,
    pub input_id: Option<FileId>,
    pub result_id: Option<FileId>,
    pub maker_kind: ActorKind,
    pub maker_id: Uuid,
    pub key_id: Option<ApiKeyId>,
    pub idempotency_key: String,
    pub hash: Vec<u8>,
    pub state: String,
    pub position: i64,
    pub created_rows: i64,
    pub updated_rows: i64,
    pub unchanged_rows: i64,
    pub refused_rows: i64,
    pub error: Option<String>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub version: i64,
    pub digest: Option<Vec<u8>>,
}
