//! The table of schedules, and other data that a run needs.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::saved_view_schedule,
};
use platform::{
    jobs::Horizon,
    secrets::{Loss, SealedColumn},
    storage::{Fault, Finds, Global, Reads, Row, SUSPENDED, Work},
};
use sea_orm::Value;
use uuid::Uuid;

use crate::{
    buckets::{BucketRow, core::Bucket},
    saved_views::core::{Run, Schedule, ScheduleFields, ScheduleRule},
};

#[derive(Record)]
#[record(of = saved_view_schedule, alias = "s")]
struct ScheduleRow {
    id: SavedViewScheduleId,
    view_id: SavedViewId,
    variables: String,
    list_path: Option<String>,
    format: TableFormat,
    period: SchedulePeriod,
    hour: i32,
    day_of_week: i32,
    day_of_month: i32,
    time_zone: String,
    emails: String,
    members: String,
    only_if_changed: i32,
    emits_event: i32,
    status: ScheduleStatus,
    actor_kind: ActorKind,
    actor_id: Uuid,
    key_id: Option<ApiKeyId>,
    failures: i64,
    run_due_at: Option<Timestamp>,
    run_sent: String,
    last_run_at: Option<Timestamp>,
    last_error: Option<String>,
    last_hash: Option<String>,
    next_run_at: Option<Timestamp>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    locale: PaperLocale,
    keeps_file: i32,
    tells_rows: i32,
    last_file_id: Option<FileId>,
    endpoint: Option<String>,
    bucket: Option<String>,
    region: Option<String>,
    prefix: Option<String>,
    access_key_id: Option<String>,
    secret_sealed: Option<Vec<u8>>,
}

/// The secret of a login at a tenant's bucket. A lost one becomes empty, which no valid secret is.
pub const SECRET: SealedColumn = SealedColumn {
    table: "saved_view_schedule",
    column: "secret_sealed",
    keys: &["tenant_id", "id"],
    blind: None,
    loss: Loss::Random(
        0,
        "status = 'PAUSED', next_run_at = NULL, last_error = 'the secret of the bucket was lost: set the schedule with it again', \
         version = version + 1, updated_at = :now",
    ),
};

/// The row of a schedule's bucket.
pub const fn bucket_row(tenant: TenantId, id: SavedViewScheduleId) -> BucketRow {
    BucketRow { column: SECRET, keys: [tenant.uuid(), id.uuid()] }
}

fn corrupt(rule: &'static str) -> Fault {
    Fault::corrupt("saved_view_schedule", rule)
}

impl TryFrom<ScheduleRow> for Schedule {
    type Error = Fault;
    fn try_from(row: ScheduleRow) -> Result<Self, Fault> {
        let sent_addresses = serde_json::from_str(&row.run_sent).map_err(|_| corrupt("run_sent is a list of texts"))?;
        let bucket = row.endpoint.zip(row.bucket).map(|(endpoint, name)| Bucket {
            endpoint,
            name,
            region: row.region.unwrap_or_default(),
            prefix: row.prefix.unwrap_or_default(),
            access_key_id: row.access_key_id.unwrap_or_default(),
        });
        let fields = ScheduleFields {
            variables: serde_json::from_str(&row.variables).map_err(|_| corrupt("variables are a JSON object"))?,
            rows: row.list_path,
            format: row.format,
            rule: ScheduleRule {
                period: row.period,
                hour: row.hour,
                day_of_week: row.day_of_week,
                day_of_month: row.day_of_month,
                time_zone: row.time_zone,
            },
            emails: serde_json::from_str(&row.emails).map_err(|_| corrupt("emails is a list of texts"))?,
            members: serde_json::from_str(&row.members).map_err(|_| corrupt("members is a list of ids"))?,
            only_if_changed: row.only_if_changed != 0,
            emits_event: row.emits_event != 0,
            locale: row.locale,
            keeps_file: row.keeps_file != 0,
            tells_rows: row.tells_rows != 0,
            bucket,
        };
        Ok(Self {
            id: row.id,
            view: row.view_id,
            fields,
            status: row.status,
            maker: Actor { kind: row.actor_kind, id: row.actor_id },
            key: row.key_id,
            failures: row.failures,
            run: row.run_due_at.map(|due_at| Run { due_at, sent: sent_addresses }),
            last_run_at: row.last_run_at,
            last_error: row.last_error,
            last_hash: row.last_hash,
            next_run_at: row.next_run_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_file: row.last_file_id,
            sealed: row.secret_sealed,
        })
    }
}

fn to_json(items: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(items).map_err(|err| Fault::Broken(format!("a list has no JSON: {err}")))
}

fn row_of(tenant_id: TenantId, schedule: &Schedule) -> Result<saved_view_schedule::Model, Fault> {
    let (fields, rule) = (&schedule.fields, &schedule.fields.rule);
    let bucket = fields.bucket.as_ref();
    let sent_addresses = schedule.run.as_ref().map(|run| run.sent.as_slice()).unwrap_or_default();
    Ok(saved_view_schedule::Model {
        tenant_id,
        id: schedule.id,
        view_id: schedule.view,
        variables: serde_json::Value::Object(fields.variables.clone()).to_string(),
        list_path: fields.rows.clone(),
        format: fields.format,
        period: rule.period,
        hour: rule.hour,
        day_of_week: rule.day_of_week,
        day_of_month: rule.day_of_month,
        time_zone: rule.time_zone.clone(),
        emails: to_json(&fields.emails)?,
        members: to_json(&fields.members)?,
        only_if_changed: i32::from(fields.only_if_changed),
        emits_event: i32::from(fields.emits_event),
        status: schedule.status,
        actor_kind: schedule.maker.kind,
        actor_id: schedule.maker.id,
        key_id: schedule.key,
        failures: schedule.failures,
        run_due_at: schedule.run.as_ref().map(|run| run.due_at),
        run_sent: to_json(&sent_addresses)?,
        last_run_at: schedule.last_run_at,
        last_error: schedule.last_error.clone(),
        last_hash: schedule.last_hash.clone(),
        next_run_at: schedule.next_run_at,
        version: schedule.version,
        created_at: schedule.created_at,
        updated_at: schedule.updated_at,
        locale: fields.locale,
        keeps_file: i32::from(fields.keeps_file),
        tells_rows: i32::from(fields.tells_rows),
        last_file_id: schedule.last_file,
        endpoint: bucket.map(|bucket| bucket.endpoint.clone()),
        bucket: bucket.map(|bucket| bucket.name.clone()),
        region: bucket.map(|bucket| bucket.region.clone()),
        prefix: bucket.map(|bucket| bucket.prefix.clone()),
        access_key_id: bucket.map(|bucket| bucket.access_key_id.clone()),
        secret_sealed: schedule.sealed.clone(),
    })
}

/// Schedules: conditions, order and lock are SQL over `s`, values from `$2`.
async fn schedules_where(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<Schedule>, Fault> {
    let sql = format!("SELECT {} FROM saved_view_schedule s WHERE s.tenant_id = $1{conditions}", ScheduleRow::SELECT);
    reads.records::<ScheduleRow>(&sql, values).await?.into_iter().map(Schedule::try_from).collect()
}

/// The schedules of a view, the oldest first.
pub async fn schedules_of(reads: &impl Reads, view: SavedViewId) -> Result<Vec<Schedule>, Fault> {
    schedules_where(reads, " AND s.view_id = $2 ORDER BY s.created_at, s.id", vec![view.into()]).await
}

pub async fn schedule(reads: &impl Reads, id: SavedViewScheduleId) -> Result<Option<Schedule>, Fault> {
    Ok(schedules_where(reads, " AND s.id = $2", vec![id.into()]).await?.pop())
}

/// Reads a schedule by ID, locked until the transaction ends.
pub async fn lock_schedule(work: &Work, id: SavedViewScheduleId) -> Result<Option<Schedule>, Fault> {
    let lock = work.backend().for_update("s");
    Ok(schedules_where(work, &format!(" AND s.id = $2{lock}"), vec![id.into()]).await?.pop())
}

pub async fn count_schedules(reads: &impl Reads) -> Result<i64, Fault> {
    let rows = reads.rows("SELECT count(*) FROM saved_view_schedule WHERE tenant_id = $1", vec![]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

pub async fn insert_schedule(work: &Work, schedule: &Schedule) -> Result<(), Fault> {
    work.insert::<saved_view_schedule::Entity>(row_of(work.tenant(), schedule)?).await
}

pub async fn update_schedule(work: &Work, schedule: &Schedule) -> Result<(), Fault> {
    work.update::<saved_view_schedule::Entity>(row_of(work.tenant(), schedule)?).await
}

pub async fn remove_schedule(work: &Work, id: SavedViewScheduleId) -> Result<u64, Fault> {
    work.execute("DELETE FROM saved_view_schedule WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await
}

pub async fn remove_schedules_of(work: &Work, view: SavedViewId) -> Result<u64, Fault> {
    work.execute("DELETE FROM saved_view_schedule WHERE tenant_id = $1 AND view_id = $2", vec![view.into()]).await
}

/// Period within which every schedule has its next run, including monthly ones.
const HORIZON: Horizon = Horizon::of_days(33);

/// Returns the tenants with due schedules, or with schedules whose next run was set by a clock that
/// was ahead. Schedules of a suspended tenant wait: none of their runs could end, and each later
/// run would count it as failed.
pub async fn tenants_due(global: &Global, now: Timestamp) -> Result<Vec<TenantId>, Fault> {
    let (is_due, values) = HORIZON.due_condition("next_run_at", now, 1);
    let sql = format!("SELECT DISTINCT tenant_id FROM saved_view_schedule WHERE {is_due} AND tenant_id NOT IN {SUSPENDED}");
    global.rows(&sql, values).await?.iter().map(Row::scalar).collect()
}

/// Reads the due schedules, and those whose next run was set by a clock that was ahead; locked
/// until the transaction ends.
pub async fn due_schedules(work: &Work, now: Timestamp) -> Result<Vec<Schedule>, Fault> {
    let lock = work.backend().for_update("s");
    let (is_due, values) = HORIZON.due_condition("s.next_run_at", now, 2);
    schedules_where(work, &format!(" AND {is_due} ORDER BY s.id{lock}"), values).await
}

/// JSON list of no addresses.
const NO_ADDRESSES: &str = "[]";

#[derive(Record)]
#[record(of = saved_view_schedule)]
struct BegunRun {
    id: SavedViewScheduleId,
    run_due_at: Option<Timestamp>,
    run_sent: String,
    next_run_at: Option<Timestamp>,
    failures: i64,
    last_error: Option<String>,
}

/// Begins the run of a due time. An earlier run ends with the schedule's error.
pub async fn begin_run(work: &Work, schedule: &Schedule, due_at: Timestamp, next: Timestamp) -> Result<(), Fault> {
    let row = BegunRun {
        id: schedule.id,
        run_due_at: Some(due_at),
        run_sent: NO_ADDRESSES.to_owned(),
        next_run_at: Some(next),
        failures: schedule.failures,
        last_error: schedule.last_error.clone(),
    };
    work.update_row(row).await.map(drop)
}

/// Sets the time of the schedule's next run.
pub async fn skip_to(work: &Work, id: SavedViewScheduleId, next: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE saved_view_schedule SET next_run_at = $3 WHERE tenant_id = $1 AND id = $2";
    work.execute(sql, vec![id.into(), next.micros().into()]).await.map(drop)
}

/// Removes the runs that have not ended: they do not count.
pub async fn discard_unfinished_runs(work: &Work) -> Result<u64, Fault> {
    let sql = "UPDATE saved_view_schedule SET run_due_at = NULL, run_sent = '[]' WHERE tenant_id = $1 AND run_due_at IS NOT NULL";
    work.execute(sql, vec![]).await
}

/// A schedule after the run that was due at `due_at`.
#[derive(Record)]
#[record(of = saved_view_schedule)]
struct EndedRun {
    #[record(key)]
    id: SavedViewScheduleId,
    #[record(key, column = "run_due_at", not_null)]
    due_at: Timestamp,
    run_due_at: Option<Timestamp>,
    run_sent: String,
    status: ScheduleStatus,
    failures: i64,
    last_run_at: Option<Timestamp>,
    last_error: Option<String>,
    last_hash: Option<String>,
    next_run_at: Option<Timestamp>,
    last_file_id: Option<FileId>,
}

/// Writes the end of a run; 0 rows if another run or a change has replaced it.
pub async fn end_run(work: &Work, schedule: &Schedule, due_at: Timestamp) -> Result<u64, Fault> {
    let row = EndedRun {
        id: schedule.id,
        due_at,
        run_due_at: None,
        run_sent: NO_ADDRESSES.to_owned(),
        status: schedule.status,
        failures: schedule.failures,
        last_run_at: schedule.last_run_at,
        last_error: schedule.last_error.clone(),
        last_hash: schedule.last_hash.clone(),
        next_run_at: schedule.next_run_at,
        last_file_id: schedule.last_file,
    };
    work.update_row(row).await
}

/// Records the error of a run that will be retried.
pub async fn record_error(work: &Work, id: SavedViewScheduleId, due_at: Timestamp, error: &str) -> Result<u64, Fault> {
    let sql = "UPDATE saved_view_schedule SET last_error = $4 WHERE tenant_id = $1 AND id = $2 AND run_due_at = $3";
    work.execute(sql, vec![id.into(), due_at.micros().into(), error.into()]).await
}

/// Records the addresses that have the table of a run; 0 rows if another run or a change has
/// replaced it.
pub async fn record_sent(work: &Work, id: SavedViewScheduleId, run: &Run) -> Result<u64, Fault> {
    let sql = "UPDATE saved_view_schedule SET run_sent = $4 WHERE tenant_id = $1 AND id = $2 AND run_due_at = $3";
    work.execute(sql, vec![id.into(), run.due_at.micros().into(), to_json(&run.sent)?.into()]).await
}

/// Whether the member is active in the tenant.
pub async fn is_active_member(reads: &impl Reads, member: MemberId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM member WHERE tenant_id = $1 AND id = $2 AND status = $3 AND removed_at IS NULL";
    let rows = reads.rows(sql, vec![member.into(), MemberStatus::Active.as_str().into()]).await?;
    Ok(!rows.is_empty())
}

pub async fn tenant_name(reads: &impl Reads) -> Result<String, Fault> {
    let rows = reads.rows("SELECT name FROM tenant WHERE id = $1", vec![]).await?;
    rows.first().map_or_else(|| Ok(String::new()), Row::scalar)
}

/// Returns the time zone of the tenant.
pub async fn tenant_zone(reads: &impl Reads) -> Result<String, Fault> {
    let rows = reads.rows("SELECT time_zone FROM tenant WHERE id = $1", vec![]).await?;
    rows.first().map_or_else(|| Ok("UTC".to_owned()), Row::scalar)
}
