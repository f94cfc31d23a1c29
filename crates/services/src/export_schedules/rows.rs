//! The table of export schedules.

mod list;
mod schedule_row;

use entity::{prelude::*, record::Selected, tables::export_schedule};
use platform::{
    jobs::Horizon,
    secrets::{Loss, SealedColumn},
    storage::{Fault, Finds, Global, LockOrder, Reads, Row, SUSPENDED, Work},
};
use sea_orm::Value;

use super::core::Schedule;
use crate::buckets::BucketRow;
use schedule_row::{ScheduleRow, row_of};

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

/// The row of a schedule's bucket.
pub const fn bucket_row(tenant: TenantId, id: ExportScheduleId) -> BucketRow {
    BucketRow { column: SECRET, keys: [tenant.uuid(), id.uuid()] }
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
    let (is_due, values) = HORIZON.due_condition("next_run_at", now, 1);
    let sql = format!("SELECT DISTINCT tenant_id FROM export_schedule WHERE {is_due} AND tenant_id NOT IN {SUSPENDED}");
    global.rows(&sql, values).await?.iter().map(Row::scalar).collect()
}

/// Reads the due schedules, and those whose next run was set by a clock that was ahead; locked
/// until the transaction ends.
pub async fn lock_due_schedules(work: &Work, now: Timestamp) -> Result<Vec<Schedule>, Fault> {
    let lock = work.backend().for_update("s");
    let (is_due, values) = HORIZON.due_condition("s.next_run_at", now, 2);
    schedules(work, &format!(" AND {is_due} ORDER BY s.id{lock}"), values).await
}

/// Returns the time zone of the tenant.
pub async fn tenant_zone(reads: &impl Reads) -> Result<String, Fault> {
    let rows = reads.rows("SELECT time_zone FROM tenant WHERE id = $1", vec![]).await?;
    rows.first().map_or_else(|| Ok("UTC".to_owned()), Row::scalar)
}
