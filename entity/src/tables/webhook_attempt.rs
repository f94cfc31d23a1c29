//! A request to an endpoint, and its answer.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "webhook_attempt")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub endpoint_id: EndpointId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttemptId,
    pub seq: i64,
    pub number: i64,
    pub at: Timestamp,
    pub status: Option<i32>,
    pub error: Option<String>,
    /// Milliseconds.
    pub latency_ms: i64,
    pub body: String,
}
