//! A schedule by which a saved view is sent as a table.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "saved_view_schedule")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SavedViewScheduleId,
    pub view_id: SavedViewId,
    /// Values of the view's variables, as a JSON object.
    pub variables: String,
    /// Path of the list whose rows are sent.
    pub list_path: Option<String>,
    pub format: TableFormat,
    pub period: SchedulePeriod,
    pub hour: i32,
    /// From 1, a Monday, to 7.
    pub day_of_week: i32,
    pub day_of_month: i32,
    /// IANA time zone of the hour and the days.
    pub time_zone: String,
    /// JSON list of addresses.
    pub emails: String,
    /// JSON list of members' ids.
    pub members: String,
    pub only_if_changed: i32,
    pub emits_event: i32,
    pub status: ScheduleStatus,
    /// Actor whose rights the schedule has.
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    /// The key that a program set it with.
    pub key_id: Option<ApiKeyId>,
    /// Runs that failed in a row.
    pub failures: i64,
    /// The moment of the run that has not ended.
    pub run_due_at: Option<Timestamp>,
    /// JSON list of the addresses that have that run's table.
    pub run_sent: String,
    pub last_run_at: Option<Timestamp>,
    pub last_error: Option<String>,
    /// SHA-256 of the table that was sent last, in hexadecimal digits.
    pub last_hash: Option<String>,
    /// Null of one that is not active.
    pub next_run_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Language of a PDF.
    pub locale: PaperLocale,
    /// Whether each table is kept as a file of the owner's.
    pub keeps_file: i32,
    /// Whether the event of a table has its first rows.
    pub tells_rows: i32,
    /// The file of the last table that was kept.
    pub last_file_id: Option<FileId>,
    /// Bucket of the tenant's into which each table is written; null with all that follows for none.
    pub endpoint: Option<String>,
    pub bucket: Option<String>,
    pub region: Option<String>,
    pub prefix: Option<String>,
    pub access_key_id: Option<String>,
    pub secret_sealed: Option<Vec<u8>>,
}
