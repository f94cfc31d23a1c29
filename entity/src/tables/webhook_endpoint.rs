//! A URL that gets events, and how far it is in the journal.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "webhook_endpoint")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EndpointId,
    pub shard: i32,
    pub url: String,
    pub description: String,
    pub event_types: String,
    pub maker_id: MemberId,
    pub secret_sealed: Vec<u8>,
    pub old_secret_sealed: Option<Vec<u8>>,
    pub old_secret_until: Option<Timestamp>,
    pub journal_seq: i64,
    pub skipped_through: Option<i64>,
    pub failures: i64,
    pub failing_since: Option<Timestamp>,
    pub paused_until: Option<Timestamp>,
    pub disabled_at: Option<Timestamp>,
    pub disabled_why: Option<String>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
