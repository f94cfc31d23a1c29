//! The table of export schedules.

mod list;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::export_schedule,
};
use platform::{
    jobs::Horizon,
    secrets::{Loss, SealedColumn},
    storage::{Fault, Finds, Global, LockOrder, Reads, Row, SUSPENDED, Work},
};
use sea_orm::Value;
use uuid::Uuid;

use super::core::{Bucket, Fields, MAX_ERROR, Schedule};

pub use list::{ScheduleFilter, ScheduleSort, SchedulesSorted, page};

/// The secret of a login at a tenant's bucket. A lost one becomes empty, which no valid secret is.
pub const SECRET: SealedColumn = SealedColumn {
    table: "export_schedule",
    column: "secret_sealed",
    keys: &["tenant_id", "id"],
    blind: None,
    loss: Loss::Random(
        0,
        "status = 'PAUSED', next_run_at = NULL, last_error = 'the secret of the bucket was lost: set the schedule with it again', \
         version = version + 1, updated_at = :now",
    ),
};

#[derive(Record)]
#[record(of = export_schedule, alias = "s")]
struct ScheduleRow {
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

fn row_of(tenant_id: TenantId, schedule: &Schedule) -> Result<export_schedule::Model, Fault> {
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

/// Schedules: conditions, order and lock are SQL over `s`, values from `$2`.
async fn schedules(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<Schedule>, Fault> {
    let sql = format!("SELECT {} FROM export_schedule s WHERE s.tenant_id = $1{conditions}", ScheduleRow::SELECT);
    reads.records::<ScheduleRow>(&sql, values).await?.into_iter().map(Schedule::try_from).collect()
}

pub async fn schedule(reads: &impl Reads, id: ExportScheduleId) -> Result<Option<Schedule>, Fault> {
    Ok(schedules(reads, " AND s.id = $2", vec![id.into()]).await?.pop())
}

/// Reads a schedule by ID, locked until the transaction ends.
pub async fn lock(work: &Work, id: ExportScheduleId) -> Result<Option<Schedule>, Fault> {
    let lock = work.backend().for_update("s");
    Ok(schedules(work, &format!(" AND s.id = $2{lock}"), vec![id.into()]).await?.pop())
}

pub async fn count(reads: &impl Reads) -> Result<i64, Fault> {
    let rows = reads.rows("SELECT count(*) FROM export_schedule WHERE tenant_id = $1", vec![]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

pub async fn insert(work: &Work, schedule: &Schedule) -> Result<(), Fault> {
    work.insert::<export_schedule::Entity>(row_of(work.tenant(), schedule)?).await
}

/// Writes all of a schedule. Its row is locked by this transaction.
pub async fn update(work: &Work, schedule: &Schedule) -> Result<(), Fault> {
    work.update::<export_schedule::Entity>(row_of(work.tenant(), schedule)?).await
}

/// Makes each schedule begin a set `sets` after its current one, and removes runs that have not
/// ended; returns the number of schedules.
pub async fn restart_schedules(work: &Work, sets: i64) -> Result<u64, Fault> {
    // In the lock order of due schedules.
    work.lock_in_order(LockOrder::for_update("export_schedule", "id"), "true", vec![]).await?;
    let sql = "UPDATE export_schedule SET set_number = set_number + $2, wants_all = 1, run_plan = NULL
               WHERE tenant_id = $1";
    work.execute(sql, vec![sets.into()]).await
}

pub async fn remove(work: &Work, id: ExportScheduleId) -> Result<u64, Fault> {
    work.execute("DELETE FROM export_schedule WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await
}

/// Period within which every schedule has its next run.
const HORIZON: Horizon = Horizon::of_days(2);

/// Returns the tenants with due schedules, or with schedules whose next run was set by a clock that
/// was ahead.
pub async fn tenants_due(global: &Global, now: Timestamp) -> Result<Vec<TenantId>, Fault> {
    let (is_due, values) = HORIZON.due("next_run_at", now, 1);
    let sql = format!("SELECT DISTINCT tenant_id FROM export_schedule WHERE {is_due} AND tenant_id NOT IN {SUSPENDED}");
    global.rows(&sql, values).await?.iter().map(Row::scalar).collect()
}

/// Reads the due schedules, and those whose next run was set by a clock that was ahead; locked
/// until the transaction ends.
pub async fn due(work: &Work, now: Timestamp) -> Result<Vec<Schedule>, Fault> {
    let lock = work.backend().for_update("s");
    let (is_due, values) = HORIZON.due("s.next_run_at", now, 2);
    schedules(work, &format!(" AND {is_due} ORDER BY s.id{lock}"), values).await
}

/// Returns the time zone of the tenant.
pub async fn tenant_zone(reads: &impl Reads) -> Result<String, Fault> {
    let rows = reads.rows("SELECT time_zone FROM tenant WHERE id = $1", vec![]).await?;
    rows.first().map_or_else(|| Ok("UTC".to_owned()), Row::scalar)
}
