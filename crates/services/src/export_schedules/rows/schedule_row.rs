//! The row of an export schedule.

use entity::{prelude::*, record::Record, tables::export_schedule};
use platform::storage::Fault;
use uuid::Uuid;

use crate::{
    buckets::core::Bucket,
    export_schedules::core::{Fields, MAX_ERROR, Schedule},
};

#[derive(Record)]
#[record(of = export_schedule, alias = "s")]
pub(super) struct ScheduleRow {
    id: ExportScheduleId,
    name: String,
    noun: ExportEntity,
    format: ExportFormat,
    period: SchedulePeriod,
    hour: i32,
    time_zone: String,
    endpoint: Option<String>,
    bucket: Option<String>,
    region: Option<String>,
    prefix: Option<String>,
    access_key_id: Option<String>,
    secret_sealed: Option<Vec<u8>>,
    status: ExportScheduleStatus,
    actor_kind: ActorKind,
    actor_id: Uuid,
    key_id: Option<ApiKeyId>,
    set_number: i64,
    generation: Option<i64>,
    through_seq: Option<i64>,
    run_plan: Option<String>,
    wants_all: i32,
    failures: i64,
    last_run_at: Option<Timestamp>,
    last_error: Option<String>,
    next_run_at: Option<Timestamp>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl TryFrom<ScheduleRow> for Schedule {
    type Error = Fault;
    fn try_from(row: ScheduleRow) -> Result<Self, Fault> {
        let run = row.run_plan.as_deref().map(serde_json::from_str).transpose();
        let run = run.map_err(|_| Fault::corrupt("export_schedule", "run_plan is the JSON of a run"))?;
        let bucket = row.endpoint.zip(row.bucket).map(|(endpoint, name)| Bucket {
            endpoint,
            name,
            region: row.region.unwrap_or_default(),
            prefix: row.prefix.unwrap_or_default(),
            access_key_id: row.access_key_id.unwrap_or_default(),
        });
        Ok(Self {
            id: row.id,
            fields: Fields {
                name: row.name,
                entity: row.noun,
                format: row.format,
                period: row.period,
                hour: row.hour,
                time_zone: row.time_zone,
            },
            bucket,
            sealed: row.secret_sealed,
            status: row.status,
            maker: Actor { kind: row.actor_kind, id: row.actor_id },
            key: row.key_id,
            set: row.set_number,
            generation: row.generation,
            through: row.through_seq,
            run,
            wants_all: row.wants_all != 0,
            failures: row.failures,
            last_run_at: row.last_run_at,
            last_error: row.last_error,
            next_run_at: row.next_run_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

pub(super) fn row_of(tenant_id: TenantId, schedule: &Schedule) -> Result<export_schedule::Model, Fault> {
    let run_plan = schedule.run.as_ref().map(serde_json::to_string).transpose();
    let run_plan = run_plan.map_err(|err| Fault::Broken(format!("a run has no JSON: {err}")))?;
    let (fields, bucket) = (&schedule.fields, schedule.bucket.as_ref());
    Ok(export_schedule::Model {
        tenant_id,
        id: schedule.id,
        name: fields.name.clone(),
        noun: fields.entity,
        format: fields.format,
        period: fields.period,
        hour: fields.hour,
        time_zone: fields.time_zone.clone(),
        endpoint: bucket.map(|bucket| bucket.endpoint.clone()),
        bucket: bucket.map(|bucket| bucket.name.clone()),
        region: bucket.map(|bucket| bucket.region.clone()),
        prefix: bucket.map(|bucket| bucket.prefix.clone()),
        access_key_id: bucket.map(|bucket| bucket.access_key_id.clone()),
        secret_sealed: schedule.sealed.clone(),
        status: schedule.status,
        actor_kind: schedule.maker.kind,
        actor_id: schedule.maker.id,
        key_id: schedule.key,
        set_number: schedule.set,
        generation: schedule.generation,
        through_seq: schedule.through,
        run_plan,
        wants_all: i32::from(schedule.wants_all),
        failures: schedule.failures,
        last_run_at: schedule.last_run_at,
        last_error: schedule.last_error.as_ref().map(|error| error.chars().take(MAX_ERROR).collect()),
        next_run_at: schedule.next_run_at,
        version: schedule.version,
        created_at: schedule.created_at,
        updated_at: schedule.updated_at,
    })
}
