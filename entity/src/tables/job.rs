//! A piece of background work. The deployment's own is under the nil tenant.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "job")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    pub kind: String,
    /// Milliseconds between two runs; null: it runs once.
    pub period: Option<i64>,
    pub payload: String,
    pub state: String,
    pub due_at: Timestamp,
    pub owner: Option<WorkerId>,
    pub token: i64,
    pub beat: i64,
    pub failures: i64,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub error: Option<String>,
    pub fault: Option<String>,
    pub created_at: Timestamp,
    pub deaths: i64,
}
