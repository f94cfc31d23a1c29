//! A schedule by which rows are exported into a folder or a bucket.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "export_schedule")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExportScheduleId,
    pub name: String,
    pub noun: ExportEntity,
    pub format: ExportFormat,
    pub period: SchedulePeriod,
    pub hour: i32,
    /// IANA time zone of the hour.
    pub time_zone: String,
    /// Endpoint of the tenant's own bucket; null for the deployment's file store.
    pub endpoint: Option<String>,
    pub bucket: Option<String>,
    pub region: Option<String>,
    pub prefix: Option<String>,
    pub access_key_id: Option<String>,
    pub secret_sealed: Option<Vec<u8>>,
    pub status: ExportScheduleStatus,
    /// Actor whose rights the schedule has.
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    /// The key that a program set it with.
    pub key_id: Option<ApiKeyId>,
    /// The set of files that it writes now; 0 before the first.
    pub set_number: i64,
    /// Generation of the set's rows, for demand facts.
    pub generation: Option<i64>,
    /// The event up to which the set has everything; null before all rows are in it.
    pub through_seq: Option<i64>,
    /// JSON of the run that has not ended.
    pub run_plan: Option<String>,
    /// Whether the next run begins a new set.
    pub wants_all: i32,
    /// Runs that failed in a row.
    pub failures: i64,
    pub last_run_at: Option<Timestamp>,
    pub last_error: Option<String>,
    /// Null of one that is not active.
    pub next_run_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
