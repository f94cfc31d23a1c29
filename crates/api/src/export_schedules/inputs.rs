//! The inputs of export schedules.

use async_graphql::{ID, InputObject};
use entity::prelude::ApiKeyId;
use platform::path;
use services::export_schedules::{
    core::Fields,
    shell::{ScheduleDelete, ScheduleRun, ScheduleSet},
};

use super::schedule::{ExportScheduleEntity, ExportScheduleFormat, ExportSchedulePeriod};
use crate::{
    buckets::ExportBucketInput,
    graphql::{reading::InputErrors, scalars::Long},
};

/// A schedule as it is wanted; with `id` in the place of the whole former one.
#[derive(Clone, InputObject)]
pub struct ExportScheduleSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the schedule to change. Null makes a schedule.
    pub id: Option<ID>,
    /// Version of the schedule that you saw; another one is a VERSION_CONFLICT. Needed with `id`; null without.
    pub expected_version: Option<Long>,
    /// Name for people, 1 to 100 characters.
    pub name: String,
    /// Rows that are written. Another value than before begins a new set.
    pub entity: ExportScheduleEntity,
    /// Format of the files. Default PARQUET.
    #[graphql(default_with = "ExportScheduleFormat::Parquet")]
    pub format: ExportScheduleFormat,
    /// Rule by which the schedule is run.
    pub every: ExportSchedulePeriod,
    /// Hour of the day, 0 to 23, at which a DAILY schedule is run; HOURLY does not use it. Default 4.
    #[graphql(default = 4)]
    pub hour: i32,
    /// IANA time zone of the hour, as in Europe/London. Null for the tenant's.
    pub time_zone: Option<String>,
    /// Bucket into which the files are written. Null for the deployment's file store.
    pub bucket: Option<ExportBucketInput>,
    /// True if the schedule is paused: a paused schedule is not run. Default false.
    #[graphql(default)]
    pub is_paused: bool,
}

/// A run that is to begin now.
#[derive(Debug, Clone, InputObject)]
pub struct ExportScheduleRunInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the schedule.
    pub id: ID,
    /// True if all rows are written once more, into a new set. Default false: rows that changed since the run before.
    #[graphql(default)]
    pub is_full_refresh: bool,
    /// Deprecated name of `isFullRefresh`.
    #[graphql(default, deprecation = "2026-11-27: use isFullRefresh. Removed after 2027-11-27.")]
    pub full_refresh: bool,
}

/// A schedule that is to go.
#[derive(Debug, Clone, InputObject)]
pub struct ExportScheduleDeleteInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the schedule.
    pub id: ID,
}

impl ExportScheduleSetInput {
    pub(super) fn read(self, key: Option<ApiKeyId>, reader: &mut InputErrors) -> ScheduleSet {
        if self.time_zone.as_deref() == Some("") {
            reader.invalid("an IANA time zone is expected, as in Europe/London", || path!["input", "timeZone"]);
        }
        let fields = Fields {
            name: self.name,
            entity: self.entity.into(),
            format: self.format.into(),
            period: self.every.into(),
            hour: self.hour,
            time_zone: self.time_zone.unwrap_or_default(),
        };
        let (bucket, secret) = self.bucket.map(ExportBucketInput::read).unzip();
        ScheduleSet {
            idempotency_key: self.idempotency_key,
            id: reader.id_opt(self.id.as_ref(), || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            fields,
            bucket,
            secret: secret.flatten(),
            is_paused: self.is_paused,
            key,
        }
    }
}

impl ExportScheduleRunInput {
    pub(super) fn read(self, reader: &mut InputErrors) -> ScheduleRun {
        let id = reader.id(&self.id, || path!["input", "id"]);
        ScheduleRun { idempotency_key: self.idempotency_key, id, wants_all: self.is_full_refresh || self.full_refresh }
    }
}

impl ExportScheduleDeleteInput {
    pub(super) fn read(self, reader: &mut InputErrors) -> ScheduleDelete {
        ScheduleDelete { idempotency_key: self.idempotency_key, id: reader.id(&self.id, || path!["input", "id"]) }
    }
}
